//! A look over the protocol-buffer wire format before anything is decoded.
//!
//! The decoder allocates a structure for each embedded message, hundreds of bytes for an empty one of
//! two bytes. This walk counts the messages, names and texts that an ONNX model embeds, in constant
//! memory, so that a small file cannot ask for a large allocation.

use super::limits::{check, MAX_MESSAGES, MAX_TEXTS};
use super::ImportError;

/// The messages of `onnx.proto` that hold other messages; field numbers are those of the schema.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    ValueInfo,
    Type,
    Shape,
    Function,
    Training,
    Leaf,
}

/// How deep messages may nest; the decoder has a limit of its own, of 100.
const MAX_DEPTH: usize = 64;

/// Refuses bytes that embed more than [`MAX_MESSAGES`] messages or [`MAX_TEXTS`] texts, or nest too deep.
///
/// What is not well-formed is left to the decoder: the walk just stops there.
pub(super) fn check_message_count(bytes: &[u8]) -> Result<(), ImportError> {
    let (mut count, mut n_texts) = (0, 0);
    let mut open = vec![(Message::Model, bytes)];
    while let Some((message, rest)) = open.pop() {
        let Some((field, rest)) = next_field(rest) else {
            continue;
        };
        open.push((message, rest));
        let Field { number, payload: Some(payload) } = field else {
            continue;
        };
        let Some(child) = embedded(message, number) else {
            n_texts += 1;
            check("texts in the file", n_texts, MAX_TEXTS)?;
            continue;
        };
        count += 1;
        check("messages in the file", count, MAX_MESSAGES)?;
        check("nesting of messages", open.len(), MAX_DEPTH)?;
        open.push((child, payload));
    }
    Ok(())
}

fn embedded(message: Message, field: u64) -> Option<Message> {
    Some(match (message, field) {
        (Message::Model, 7) => Message::Graph,
        (Message::Model, 8 | 14) => Message::Leaf,
        (Message::Model, 20) => Message::Training,
        (Message::Model, 25) => Message::Function,
        (Message::Graph, 1) | (Message::Function, 7) => Message::Node,
        (Message::Graph, 5) => Message::Tensor,
        (Message::Graph, 11..=13) => Message::ValueInfo,
        (Message::Graph, 14) => Message::Leaf,
        (Message::Graph, 15) => Message::SparseTensor,
        (Message::Node, 5) => Message::Attribute,
        (Message::Attribute, 5 | 10) => Message::Tensor,
        (Message::Attribute, 6 | 11) => Message::Graph,
        (Message::Attribute, 22 | 23) => Message::SparseTensor,
        (Message::Attribute, 14 | 15) => Message::Type,
        (Message::SparseTensor, 1 | 2) => Message::Tensor,
        (Message::Tensor, 3 | 13) => Message::Leaf,
        (Message::ValueInfo, 2) => Message::Type,
        (Message::Type, 1 | 4 | 5 | 8 | 9) => Message::Type,
        (Message::Type, 2) => Message::Shape,
        (Message::Shape, 1) => Message::Leaf,
        (Message::Function, 9 | 11 | 14) => Message::Attribute,
        (Message::Training, 1 | 2) => Message::Graph,
        (Message::Training, 3 | 4) => Message::Leaf,
        _ => return None,
    })
}

struct Field<'a> {
    number: u64,
    /// The bytes of a length-delimited field.
    payload: Option<&'a [u8]>,
}

fn next_field(bytes: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (key, rest) = varint(bytes)?;
    let number = key >> 3;
    match key & 7 {
        0 => varint(rest).map(|(_, rest)| (Field { number, payload: None }, rest)),
        1 => Some((Field { number, payload: None }, rest.get(8..)?)),
        5 => Some((Field { number, payload: None }, rest.get(4..)?)),
        2 => {
            let (len, rest) = varint(rest)?;
            let (payload, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
            Some((Field { number, payload: Some(payload) }, rest))
        }
        // Groups hold no message of the schema; the decoder skips or refuses them.
        _ => None,
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}
