//! One file per operator group; [`translate`] is the table of operators.

mod arithmetic;
mod cast;
mod constant;
mod conv;
mod dense;
mod distances;
mod encode;
mod fused;
mod groups;
mod labels;
mod linear;
mod logic;
pub(crate) mod lookup;
mod normalization;
mod power;
mod preprocess;
mod reduce;
mod select;
mod shape;
mod spread;
mod svm;
pub(crate) mod trees;
mod unary;
mod window;

use super::context::Context;
use super::node::{domain_of, unsupported, OpError};
use super::value::Value;
use crate::graph::Arithmetic;

/// The operator-set versions that the translations know.
const ONNX_OPSETS: std::ops::RangeInclusive<i64> = 6..=26;
const ML_OPSETS: std::ops::RangeInclusive<i64> = 1..=5;

/// Why a node of an operator that is not known is unsupported.
pub(crate) const NO_TRANSLATION: &str = "no translation for this operator";

type Translation = fn(&mut Context<'_, '_>) -> Result<Vec<Value>, OpError>;

/// The values of the node's outputs.
pub(crate) fn translate(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let domain = domain_of(context.node.proto);
    let Some((translation, opsets)) = find(domain, context.node.op()) else {
        return unsupported(NO_TRANSLATION);
    };
    if !opsets.contains(&context.node.opset) {
        let (first, last) = opsets.into_inner();
        return unsupported(format!("wants {domain} opset {first} to {last}"));
    }
    context.node.check_attributes()?;
    translation(context)
}

/// Whether there is a translation for the operator, in some version and form.
pub(crate) fn is_known(domain: &str, op: &str) -> bool {
    find(domain, op).is_some()
}

fn find(domain: &str, op: &str) -> Option<(Translation, std::ops::RangeInclusive<i64>)> {
    match domain {
        "ai.onnx" => Some((find_onnx(op)?, ONNX_OPSETS)),
        "ai.onnx.ml" => Some((find_ml(op)?, ML_OPSETS)),
        "com.microsoft" => Some((find_microsoft(op)?, 1..=1)),
        _ => None,
    }
}

fn find_onnx(op: &str) -> Option<Translation> {
    Some(match op {
        "Abs" | "Ceil" | "Clip" | "Erf" | "Exp" | "Floor" | "LeakyRelu" | "Log" | "Neg"
        | "Relu" | "Round" | "Sigmoid" | "Softplus" | "Sqrt" | "Tanh" => unary::translate,
        "Celu" | "Elu" | "Gelu" | "HardSigmoid" | "HardSwish" | "Mish" | "Reciprocal" | "Selu"
        | "Sign" | "Softsign" | "Swish" | "ThresholdedRelu" => unary::activation,
        "PRelu" => unary::p_relu,
        "Pow" => power::power,
        "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => logic::compare,
        "Equal" => logic::equal,
        "And" | "Not" | "Or" | "Xor" => logic::logic,
        "IsInf" | "IsNaN" => logic::is_special,
        "Where" => logic::choose,
        "Sum" | "Mean" => |context| arithmetic::variadic(context, Arithmetic::Add),
        "Max" => |context| arithmetic::variadic(context, Arithmetic::Max),
        "Min" => |context| arithmetic::variadic(context, Arithmetic::Min),
        "Add" => |context| arithmetic::translate(context, Arithmetic::Add),
        "Sub" => |context| arithmetic::translate(context, Arithmetic::Sub),
        "Mul" => |context| arithmetic::translate(context, Arithmetic::Mul),
        "Div" => |context| arithmetic::translate(context, Arithmetic::Div),
        "Mod" => arithmetic::modulo,
        "Gemm" => dense::gemm,
        "MatMul" => dense::mat_mul,
        "BatchNormalization" => normalization::batch_normalization,
        // Older optimisers wrote the simplified form into the default domain.
        "LayerNormalization" | "RMSNormalization" | "SimplifiedLayerNormalization" => {
            normalization::layer_normalization
        }
        "GroupNormalization" | "InstanceNormalization" => normalization::group_normalization,
        "LpNormalization" => normalization::lp_normalization,
        "Conv" => conv::conv,
        "AveragePool" | "MaxPool" => conv::pool,
        "GlobalAveragePool" | "GlobalMaxPool" => conv::global_pool,
        "LogSoftmax" | "Softmax" => reduce::softmax,
        "ArgMax" | "ArgMin" => reduce::arg_max,
        "CumSum" => reduce::cum_sum,
        "ReduceL1" | "ReduceL2" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceMax"
        | "ReduceMean" | "ReduceMin" | "ReduceProd" | "ReduceSum" | "ReduceSumSquare" => {
            reduce::reduce
        }
        "Expand" => spread::expand,
        "Tile" => spread::tile,
        "Split" => spread::split,
        "Pad" => spread::pad,
        "SequenceConstruct" => constant::sequence,
        "TopK" => select::top_k,
        "Scan" => distances::scan,
        "Flatten" => shape::flatten,
        "Reshape" => shape::reshape,
        "Squeeze" => shape::squeeze,
        "Unsqueeze" => shape::unsqueeze,
        "Transpose" => shape::transpose,
        "Shape" => shape::shape,
        "Concat" => select::concat,
        "Gather" => select::gather,
        "Slice" => select::slice,
        "Cast" => cast::cast,
        "Identity" | "Dropout" => cast::pass_through,
        "Constant" => constant::constant,
        "ConstantOfShape" => constant::constant_of_shape,
        _ => return None,
    })
}

fn find_microsoft(op: &str) -> Option<Translation> {
    Some(match op {
        "BiasGelu" | "FastGelu" | "Gelu" => fused::gelu,
        "QuickGelu" => unary::activation,
        "FusedConv" | "FusedGemm" => fused::with_activation,
        "FusedMatMul" => fused::mat_mul,
        "SimplifiedLayerNormalization"
        | "SkipLayerNormalization"
        | "SkipSimplifiedLayerNormalization" => normalization::layer_normalization,
        _ => return None,
    })
}

fn find_ml(op: &str) -> Option<Translation> {
    Some(match op {
        "ArrayFeatureExtractor" => select::array_feature_extractor,
        "Binarizer" => preprocess::binarizer,
        "FeatureVectorizer" => encode::feature_vectorizer,
        "Imputer" => encode::imputer,
        "LabelEncoder" => labels::label_encoder,
        "LinearClassifier" => linear::classifier,
        "LinearRegressor" => linear::regressor,
        "Normalizer" => preprocess::normalizer,
        "OneHotEncoder" => encode::one_hot,
        "Scaler" => preprocess::scaler,
        "SVMClassifier" => svm::classifier,
        "SVMRegressor" => svm::regressor,
        "TreeEnsemble" => trees::ensemble,
        "TreeEnsembleClassifier" => trees::classifier,
        "TreeEnsembleRegressor" => trees::regressor,
        "ZipMap" => labels::zip_map,
        _ => return None,
    })
}
