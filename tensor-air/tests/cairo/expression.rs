//! A value that records what is computed with it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::{Add, Mul, Sub};

use nilometer_stark::Value;
use nilometer_tensor_air::Felt;

use crate::literal;

/// A node of the recorded expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expression(usize);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// What the generated function is given.
    Input(String),
    Constant([u64; 4]),
    Binary(char, usize, usize),
}

#[derive(Default)]
struct Arena {
    nodes: Vec<Node>,
    known: HashMap<Node, usize>,
}

thread_local! {
    static ARENA: RefCell<Arena> = RefCell::default();
}

/// The same computation is one node.
fn node(node: Node) -> Expression {
    ARENA.with_borrow_mut(|arena| {
        let next = arena.nodes.len();
        let id = *arena.known.entry(node.clone()).or_insert(next);
        if id == next {
            arena.nodes.push(node);
        }
        Expression(id)
    })
}

impl Expression {
    /// A value of that name.
    pub fn input(name: impl Into<String>) -> Self {
        node(Node::Input(name.into()))
    }

    fn is(self, value: u64) -> bool {
        let constant = Node::Constant(Felt::from(value).to_limbs());
        ARENA.with_borrow(|arena| arena.nodes[self.0] == constant)
    }
}

impl Value for Expression {
    fn constant(felt: Felt) -> Self {
        node(Node::Constant(felt.to_limbs()))
    }
}

impl Add for Expression {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        node(Node::Binary('+', self.0, other.0))
    }
}

impl Sub for Expression {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        node(Node::Binary('-', self.0, other.0))
    }
}

impl Mul for Expression {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        match (self.is(1), other.is(1)) {
            (true, _) => other,
            (_, true) => self,
            _ => node(Node::Binary('*', self.0, other.0)),
        }
    }
}

/// Cairo statements that compute named expressions in order; what is used more than once is computed once.
pub fn statements(named: &[(String, Expression)]) -> String {
    ARENA.with_borrow(|arena| {
        let mut uses = vec![0; arena.nodes.len()];
        let mut stack: Vec<usize> = named.iter().map(|(_, expression)| expression.0).collect();
        while let Some(id) = stack.pop() {
            uses[id] += 1;
            if let (1, Node::Binary(_, a, b)) = (uses[id], &arena.nodes[id]) {
                stack.extend([a, b]);
            }
        }
        let mut writer = Writer { arena, uses, names: HashMap::new(), text: String::new() };
        for (name, expression) in named {
            let value = writer.expression(expression.0, 0);
            writer.statement(name, &value);
        }
        writer.text
    })
}

struct Writer<'a> {
    arena: &'a Arena,
    uses: Vec<usize>,
    /// Of what is computed already.
    names: HashMap<usize, String>,
    text: String,
}

impl Writer<'_> {
    fn statement(&mut self, name: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "    let {name} = {value};");
    }

    /// An operand in the place of an operator that binds so strongly.
    fn expression(&mut self, id: usize, binding: u32) -> String {
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        let (operator, a, b) = match &self.arena.nodes[id] {
            Node::Input(name) => return name.clone(),
            Node::Constant(limbs) => return literal(Felt::from_limbs(*limbs).unwrap()),
            Node::Binary(operator, a, b) => (*operator, *a, *b),
        };
        let own = if operator == '*' { 2 } else { 1 };
        let left = self.expression(a, own - 1);
        let right = self.expression(b, own);
        let text = format!("{left} {operator} {right}");
        if self.uses[id] > 1 {
            let name = format!("t{}", self.names.len());
            self.statement(&name, &text);
            self.names.insert(id, name.clone());
            return name;
        }
        if own > binding {
            text
        } else {
            format!("({text})")
        }
    }
}
