//! ONNX's protobuf messages, as far as models of inference use them.
//!
//! Field numbers are those of `onnx.proto3` (IR version 8 and later). Fields that are not listed are skipped when a file is read,
//! as protobuf prescribes: training information, documentation, quantisation annotations.

use prost::Message;

/// An enumeration whose members have the specification's names.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($member:ident = $number:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
        #[repr(i32)]
        pub enum $name {
            $(#[doc = $text] $member = $number,)*
        }

        impl $name {
            /// The specification's name.
            pub fn as_str_name(self) -> &'static str {
                match self { $(Self::$member => $text,)* }
            }
        }
    };
}

/// A file.
#[derive(Clone, PartialEq, Message)]
pub struct ModelProto {
    /// Version of the file format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// The exporter.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// The exporter's version.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// Name space of the model's name.
    #[prost(string, tag = "4")]
    pub domain: String,
    /// Version of the model, as its author counts.
    #[prost(int64, tag = "5")]
    pub model_version: i64,
    /// Free text.
    #[prost(string, tag = "6")]
    pub doc_string: String,
    /// The computation.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
    /// Operator sets that the nodes are written for.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Free key-value pairs.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
    /// Functions that nodes may call.
    #[prost(message, repeated, tag = "25")]
    pub functions: Vec<FunctionProto>,
}

/// A computation.
#[derive(Clone, PartialEq, Message)]
pub struct GraphProto {
    /// In topological order, by the specification; files are not trusted to keep it.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    /// The graph's name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constants, and defaults of inputs of the same name.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// Free text.
    #[prost(string, tag = "10")]
    pub doc_string: String,
    /// Inputs.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// Outputs.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
    /// Types of values inside, where the exporter knows them.
    #[prost(message, repeated, tag = "13")]
    pub value_info: Vec<ValueInfoProto>,
    /// Sparse constants.
    #[prost(message, repeated, tag = "15")]
    pub sparse_initializer: Vec<SparseTensorProto>,
}

/// An operation.
#[derive(Clone, PartialEq, Message)]
pub struct NodeProto {
    /// Names of values; empty for an optional input that is left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of values; empty for an output that nothing uses.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// The node's name.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// Attributes.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
    /// Free text.
    #[prost(string, tag = "6")]
    pub doc_string: String,
    /// The operator's domain; empty for ONNX's own.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// A node's constant parameter.
#[derive(Clone, PartialEq, Message)]
pub struct AttributeProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The value of a float.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// The value of an integer.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// The value of a string.
    #[prost(bytes = "vec", tag = "4")]
    pub s: Vec<u8>,
    /// The value of a tensor.
    #[prost(message, optional, tag = "5")]
    pub t: Option<TensorProto>,
    /// The value of a graph.
    #[prost(message, optional, tag = "6")]
    pub g: Option<GraphProto>,
    /// The value of a list of floats.
    #[prost(float, repeated, tag = "7")]
    pub floats: Vec<f32>,
    /// The value of a list of integers.
    #[prost(int64, repeated, tag = "8")]
    pub ints: Vec<i64>,
    /// The value of a list of strings.
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub strings: Vec<Vec<u8>>,
    /// The value of a list of tensors.
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<TensorProto>,
    /// The value of a list of graphs.
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<GraphProto>,
    /// Free text.
    #[prost(string, tag = "13")]
    pub doc_string: String,
    /// Which of the values counts.
    #[prost(enumeration = "attribute_proto::AttributeType", tag = "20")]
    pub r#type: i32,
    /// Inside a function: the attribute of the caller that it stands for.
    #[prost(string, tag = "21")]
    pub ref_attr_name: String,
    /// The value of a sparse tensor.
    #[prost(message, optional, tag = "22")]
    pub sparse_tensor: Option<SparseTensorProto>,
    /// The value of a list of sparse tensors.
    #[prost(message, repeated, tag = "23")]
    pub sparse_tensors: Vec<SparseTensorProto>,
}

/// Kinds of attributes.
pub mod attribute_proto {
    enumeration! {
        /// Which value of an attribute counts.
        AttributeType {
            Undefined = 0, "UNDEFINED";
            Float = 1, "FLOAT";
            Int = 2, "INT";
            String = 3, "STRING";
            Tensor = 4, "TENSOR";
            Graph = 5, "GRAPH";
            Floats = 6, "FLOATS";
            Ints = 7, "INTS";
            Strings = 8, "STRINGS";
            Tensors = 9, "TENSORS";
            Graphs = 10, "GRAPHS";
            SparseTensor = 11, "SPARSE_TENSOR";
            SparseTensors = 12, "SPARSE_TENSORS";
            TypeProto = 13, "TYPE_PROTO";
            TypeProtos = 14, "TYPE_PROTOS";
        }
    }
}

/// A constant.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// Its shape.
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    /// A [`tensor_proto::DataType`].
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Elements of `FLOAT`.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements of 32 bits and fewer.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements of `STRING`.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub string_data: Vec<Vec<u8>>,
    /// Elements of `INT64`.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Its name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Elements of any type but `STRING`, little-endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    /// Elements of `DOUBLE`.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Elements of `UINT32` and `UINT64`.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// Free text.
    #[prost(string, tag = "12")]
    pub doc_string: String,
    /// Where the elements are, if they are in another file: `location`, `offset`, `length`, `checksum`.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// Whether the elements are in this file.
    #[prost(enumeration = "tensor_proto::DataLocation", optional, tag = "14")]
    pub data_location: Option<i32>,
}

/// Element types and places of a tensor.
pub mod tensor_proto {
    use prost::Enumeration;

    enumeration! {
        /// The type of a tensor's elements.
        DataType {
            Undefined = 0, "UNDEFINED";
            Float = 1, "FLOAT";
            Uint8 = 2, "UINT8";
            Int8 = 3, "INT8";
            Uint16 = 4, "UINT16";
            Int16 = 5, "INT16";
            Int32 = 6, "INT32";
            Int64 = 7, "INT64";
            String = 8, "STRING";
            Bool = 9, "BOOL";
            Float16 = 10, "FLOAT16";
            Double = 11, "DOUBLE";
            Uint32 = 12, "UINT32";
            Uint64 = 13, "UINT64";
            Complex64 = 14, "COMPLEX64";
            Complex128 = 15, "COMPLEX128";
            Bfloat16 = 16, "BFLOAT16";
            Float8e4m3fn = 17, "FLOAT8E4M3FN";
            Float8e4m3fnuz = 18, "FLOAT8E4M3FNUZ";
            Float8e5m2 = 19, "FLOAT8E5M2";
            Float8e5m2fnuz = 20, "FLOAT8E5M2FNUZ";
            Uint4 = 21, "UINT4";
            Int4 = 22, "INT4";
            Float4e2m1 = 23, "FLOAT4E2M1";
        }
    }

    /// Where a tensor's elements are.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
    #[repr(i32)]
    pub enum DataLocation {
        /// In the model's file.
        Default = 0,
        /// In a file beside it.
        External = 1,
    }
}

/// A constant of which only some elements are stored.
#[derive(Clone, PartialEq, Message)]
pub struct SparseTensorProto {
    /// The elements.
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorProto>,
    /// Where they are.
    #[prost(message, optional, tag = "2")]
    pub indices: Option<TensorProto>,
    /// The shape.
    #[prost(int64, repeated, tag = "3")]
    pub dims: Vec<i64>,
}

/// A value's name and type.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfoProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
    /// Free text.
    #[prost(string, tag = "3")]
    pub doc_string: String,
}

/// A type. Sequences and maps are read as a type without a value.
#[derive(Clone, PartialEq, Message)]
pub struct TypeProto {
    /// What it means.
    #[prost(string, tag = "6")]
    pub denotation: String,
    /// The type itself.
    #[prost(oneof = "type_proto::Value", tags = "1")]
    pub value: Option<type_proto::Value>,
}

/// Kinds of types.
pub mod type_proto {
    use prost::{Message, Oneof};

    /// A tensor's type.
    #[derive(Clone, PartialEq, Message)]
    pub struct Tensor {
        /// A [`super::tensor_proto::DataType`].
        #[prost(enumeration = "super::tensor_proto::DataType", tag = "1")]
        pub elem_type: i32,
        /// Its shape, where it is known.
        #[prost(message, optional, tag = "2")]
        pub shape: Option<super::TensorShapeProto>,
    }

    /// The kinds that are read.
    #[derive(Clone, PartialEq, Oneof)]
    pub enum Value {
        /// A tensor.
        #[prost(message, tag = "1")]
        TensorType(Tensor),
    }
}

/// A shape.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    /// One for each axis.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<tensor_shape_proto::Dimension>,
}

/// Parts of a shape.
pub mod tensor_shape_proto {
    use prost::Message;

    /// The length of one axis.
    #[derive(Clone, PartialEq, Message)]
    pub struct Dimension {
        /// What it means.
        #[prost(string, tag = "3")]
        pub denotation: String,
        /// Known or named; neither if it can be anything.
        #[prost(oneof = "dimension::Value", tags = "1, 2")]
        pub value: Option<dimension::Value>,
    }

    /// Kinds of lengths.
    pub mod dimension {
        use prost::Oneof;

        /// A length.
        #[derive(Clone, PartialEq, Oneof)]
        pub enum Value {
            /// A number.
            #[prost(int64, tag = "1")]
            DimValue(i64),
            /// A name, such as `batch_size`.
            #[prost(string, tag = "2")]
            DimParam(String),
        }
    }
}

/// An operator set.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSetIdProto {
    /// Empty for ONNX's own.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Its version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A key and its value.
#[derive(Clone, PartialEq, Message)]
pub struct StringStringEntryProto {
    /// The key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// An operator that is written with others.
#[derive(Clone, PartialEq, Message)]
pub struct FunctionProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Names of its inputs.
    #[prost(string, repeated, tag = "4")]
    pub input: Vec<String>,
    /// Names of its outputs.
    #[prost(string, repeated, tag = "5")]
    pub output: Vec<String>,
    /// Names of attributes without a default.
    #[prost(string, repeated, tag = "6")]
    pub attribute: Vec<String>,
    /// Its computation.
    #[prost(message, repeated, tag = "7")]
    pub node: Vec<NodeProto>,
    /// Operator sets that it is written for.
    #[prost(message, repeated, tag = "9")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Its domain.
    #[prost(string, tag = "10")]
    pub domain: String,
}
