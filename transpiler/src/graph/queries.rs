//! Questions about a graph that several stages ask.

use super::{DType, Graph, Labels, Op, Test, TopK, Unary, ValueId};

impl Graph {
    /// The length of the vector that a value holds.
    pub fn len_of(&self, value: ValueId) -> usize {
        self.nodes[value].len
    }

    /// For each value, the nodes that read it, ascending; a node that reads it twice stands twice.
    pub fn consumers(&self) -> Vec<Vec<ValueId>> {
        let mut consumers = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            for &input in &node.inputs {
                consumers[input].push(id);
            }
        }
        consumers
    }

    /// Weights and biases of the dense layers.
    pub fn parameter_count(&self) -> usize {
        let of_op = |op: &Op| match op {
            Op::Dense { weights, bias } => weights.len() + bias.len(),
            _ => 0,
        };
        self.nodes.iter().map(|node| of_op(&node.op)).sum()
    }

    /// The type that the float model computes each value in: results are rounded to `f32` where
    /// this is [`DType::F32`].
    ///
    /// Constants take no side: a node that mixes them with computed values has the type of those.
    pub fn dtypes(&self) -> Vec<DType> {
        let mut dtypes: Vec<DType> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let widest_operand = || {
                let computed = node.inputs.iter().filter(|&&input| !self.is_constant(input));
                computed.map(|&input| dtypes[input]).max_by_key(|dtype| rank(*dtype))
            };
            let dtype = match &node.op {
                Op::Input => self.input.dtype,
                Op::Constant(_) => DType::F64,
                Op::ArgMax { .. }
                | Op::TopK { show: TopK::Indices, .. }
                | Op::Unary(Unary::Truncate | Unary::ToBool) => DType::I64,
                Op::Unary(Unary::ToF32) => DType::F32,
                Op::Unary(Unary::ToF64) => DType::F64,
                Op::Trees(trees) => trees.dtype,
                _ => widest_operand().unwrap_or(DType::F64),
            };
            dtypes.push(dtype);
        }
        dtypes
    }

    /// Whether a value is a constant vector.
    pub fn is_constant(&self, value: ValueId) -> bool {
        matches!(self.nodes[value].op, Op::Constant(_))
    }
}

fn rank(dtype: DType) -> u8 {
    match dtype {
        DType::I64 => 0,
        DType::F32 => 1,
        DType::F64 => 2,
    }
}

impl Test {
    /// Whether the test holds for `x`. On NaN all but `NotEqual` are false.
    pub fn holds(&self, x: f64) -> bool {
        match self {
            Test::LessOrEqual(t) => x <= *t,
            Test::Less(t) => x < *t,
            Test::GreaterOrEqual(t) => x >= *t,
            Test::Greater(t) => x > *t,
            Test::Equal(t) => x == *t,
            Test::NotEqual(t) => x != *t,
            Test::Member(set) => set.contains(&x),
        }
    }

    /// The numbers that the test compares with.
    pub fn thresholds(&self) -> &[f64] {
        match self {
            Test::LessOrEqual(t)
            | Test::Less(t)
            | Test::GreaterOrEqual(t)
            | Test::Greater(t)
            | Test::Equal(t)
            | Test::NotEqual(t) => std::slice::from_ref(t),
            Test::Member(set) => set,
        }
    }
}

impl Labels {
    /// How many labels there are.
    pub fn len(&self) -> usize {
        match self {
            Labels::Ints(labels) => labels.len(),
            Labels::Strings(labels) => labels.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label at `index` as text, or `None` past the end.
    pub fn text(&self, index: usize) -> Option<String> {
        match self {
            Labels::Ints(labels) => labels.get(index).map(i64::to_string),
            Labels::Strings(labels) => labels.get(index).cloned(),
        }
    }
}
