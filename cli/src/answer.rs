//! A model's answer as a table for people.

use nilometer_package::answer::{plain, Answer};
use nilometer_package::numbers::short;

use crate::table::{fields, table};

/// The answer's outputs, number by number, and its label.
pub fn text(answer: &Answer) -> String {
    let cells = answer.outputs.iter().flat_map(|output| {
        let values = output.values.iter().zip(&output.integers).enumerate();
        values.map(|(index, (value, integer))| {
            let name = match output.values.len() {
                1 => output.name.clone(),
                _ => format!("{}[{index}]", output.name),
            };
            vec![name, short(*value), integer.clone()]
        })
    });
    let mut text = table(&["output", ">value", ">integer"], cells);
    if let Some(label) = &answer.label {
        text += &fields([("label", plain(label))]);
    }
    text
}
