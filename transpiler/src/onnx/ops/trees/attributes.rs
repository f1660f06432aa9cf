//! The attributes of versions 1 and 3: parallel arrays, floats or (version 3) double tensors.

use super::super::super::context::Context;
use super::super::super::node::OpError;
use super::super::super::tensor::{Data, Tensor};
use super::super::super::value::Element;
use super::super::super::ImportError;
use super::table::{build, Mode, NodeTable, Repeated, WeightTable};
use super::{tree_error, Features};
use crate::graph::Tree;

/// The trees, and what of the attributes is needed beside them.
pub(super) struct Tables<'a> {
    pub(super) trees: Vec<Tree>,
    pub(super) targets: &'a [i64],
    pub(super) weights: Vec<f64>,
    pub(super) base: Vec<f64>,
}

/// Reads all attributes but those of the head. `side` is `class` or `target`; `may_be_bare` allows leaves
/// without weights.
pub(super) fn read<'a>(
    context: &mut Context<'_, 'a>,
    features: &Features,
    side: &str,
    n_targets: usize,
    repeated: Repeated,
    may_be_bare: bool,
) -> Result<Tables<'a>, OpError> {
    let node = context.node;
    let element = features.row.element;
    let modes = node.byte_strings("nodes_modes")?;
    let nodes = NodeTable {
        trees: node.ints("nodes_treeids")?,
        ids: node.ints("nodes_nodeids")?,
        features: node.ints("nodes_featureids")?,
        modes: modes.iter().map(|mode| Mode::parse(mode)).collect(),
        values: thresholds(context, "nodes_values", element)?,
        on_true: node.ints("nodes_truenodeids")?,
        on_false: node.ints("nodes_falsenodeids")?,
        missing_is_true: node.ints("nodes_missing_value_tracks_true")?,
    };
    let n_nodes = nodes.trees.len();
    for (attribute, len) in [
        ("nodes_nodeids", nodes.ids.len()),
        ("nodes_featureids", nodes.features.len()),
        ("nodes_modes", nodes.modes.len()),
        ("nodes_values", nodes.values.len()),
        ("nodes_truenodeids", nodes.on_true.len()),
        ("nodes_falsenodeids", nodes.on_false.len()),
    ] {
        node.same_length(attribute, n_nodes, len)?;
    }
    if !nodes.missing_is_true.is_empty() {
        let len = nodes.missing_is_true.len();
        node.same_length("nodes_missing_value_tracks_true", n_nodes, len)?;
    }

    let name = |what: &str| format!("{side}_{what}");
    let weights = WeightTable {
        trees: node.ints(&name("treeids"))?,
        ids: node.ints(&name("nodeids"))?,
        targets: node.ints(&name("ids"))?,
        weights: numbers(context, &name("weights"), element)?,
    };
    let n_weights = weights.targets.len();
    node.same_length(&name("treeids"), n_weights, weights.trees.len())?;
    node.same_length(&name("nodeids"), n_weights, weights.ids.len())?;
    node.same_length(&name("weights"), n_weights, weights.weights.len())?;

    let base = numbers(context, "base_values", element)?;
    let trees = build(&nodes, &weights, features.len(), n_targets, repeated, may_be_bare)
        .map_err(|source| tree_error(context, source))?;
    Ok(Tables { trees, targets: weights.targets, weights: weights.weights, base })
}

/// A float attribute, or its `_as_tensor` twin, whose element type must be the input's; all finite.
fn numbers(
    context: &Context<'_, '_>,
    attribute: &str,
    element: Element,
) -> Result<Vec<f64>, ImportError> {
    let values = thresholds(context, attribute, element)?;
    context.node.finite(attribute, &values)?;
    Ok(values)
}

/// The same for numbers that may be infinite: `x <= inf` asks whether a value is there at all.
fn thresholds(
    context: &Context<'_, '_>,
    attribute: &str,
    element: Element,
) -> Result<Vec<f64>, ImportError> {
    let node = context.node;
    let twin = format!("{attribute}_as_tensor");
    let floats = node.any_floats(attribute)?;
    let Some(proto) = node.tensor_proto(&twin)? else {
        return Ok(floats);
    };
    if !floats.is_empty() {
        return Err(node.attribute_error(&twin, format!("is given, and so is {attribute}")));
    }
    match (Tensor::read_any(proto, &node.qualified(&twin))?.data, element) {
        (Data::F32(values), Element::F32) | (Data::F64(values), Element::F64) => Ok(values),
        _ => Err(node.attribute_error(&twin, "has another element type than the input")),
    }
}
