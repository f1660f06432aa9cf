//! Code to copy. Only numbers and hashes from the chain are put into it: a name could be a command.

use super::model::ModelPage;

/// Where the registry is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The network as `nilo` calls it, or an RPC address that is safe to show; empty if neither is known.
    pub network: &'a str,
    /// The address of this explorer, as the visitor sees it.
    pub origin: &'a str,
    /// A row to show; empty if there is none.
    pub example: &'a [Option<f64>],
}

pub(super) struct Snippet {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) code: String,
}

/// All snippets of a model.
pub(super) fn all(page: ModelPage<'_>, place: &Place<'_>) -> Vec<Snippet> {
    let id = page.model.summary.id;
    let registry = &page.status.registry;
    let newest = page.model.newest();
    let version = newest.map_or(1, |version| version.version);
    let contract = newest.map_or("0x0", |version| version.contract.as_str());
    let price = page.model.summary.price.0;
    let network = match place.network {
        "" => String::new(),
        network => format!(" --network {network}"),
    };
    let origin = place.origin;
    let number = |value: &Option<f64>| value.map_or("null".to_owned(), |value| value.to_string());
    let row = match place.example {
        [] => "0.5, 1, 2".to_owned(),
        example => example.iter().take(100).map(number).collect::<Vec<_>>().join(", "),
    };
    vec![
        Snippet {
            title: "Command line",
            text: "Look at the model, ask it, pay for an executed call, check that the class on chain is your ONNX file.",
            code: format!(
                "export NILO_REGISTRY={registry}\n\
                 nilo registry show {id}{network}\n\
                 nilo registry call {id} --input row.json{network}\n\
                 nilo registry invoke {id} --input row.json{network}\n\
                 nilo registry verify {id} --onnx model.onnx{network}"
            ),
        },
        Snippet {
            title: "Prove and verify",
            text: "With the package: prove a run on your machine. Anyone who has the package can check the proof, and so can this explorer.",
            code: format!(
                "nilo registry pull {id} -o package{network}\n\
                 nilo prove package --input row.json -o row.proof\n\
                 nilo verify row.proof --model package\n\
                 curl --data-binary @row.proof {origin}/api/v1/models/{id}/versions/{version}/verify"
            ),
        },
        Snippet {
            title: "Cairo",
            text: "From a contract of yours: the call is paid and executed in your transaction. Approve the price first.",
            code: cairo(registry, id, version, price),
        },
        Snippet {
            title: "Cairo, without paying",
            text: "The model's contract answers everyone; only calls through the registry are recorded.",
            code: format!(
                "#[starknet::interface]\n\
                 trait IModel<T> {{\n    fn predict(self: @T, input: Span<felt252>) -> Span<felt252>;\n}}\n\n\
                 let contract_address = {contract}.try_into().unwrap();\n\
                 let output = IModelDispatcher {{ contract_address }}.predict(input);"
            ),
        },
        Snippet {
            title: "Rust",
            text: "With nilometer-starknet, which checks the form of every answer of the node.",
            code: format!(
                "use nilometer_starknet::{{Chain, Felt, Registry}};\n\n\
                 let chain = Chain::connect(&rpc_url).await?;\n\
                 let registry = Registry::at(Felt::from_hex(\"{registry}\")?);\n\
                 let model = registry.model(&chain, {id}).await?;\n\
                 // As an account: a paid call, executed on chain.\n\
                 sender.execute(vec![registry.call({id}, {version}, &row, model.price)]).await?;"
            ),
        },
        Snippet {
            title: "HTTP",
            text: "The contract's answer as JSON. A row is a list of numbers in natural units.",
            code: format!(
                "curl -H 'content-type: application/json' \\\n     --data '{{\"input\": [{row}]}}' \\\n     \
                 {origin}/api/v1/models/{id}/versions/{version}/predict"
            ),
        },
    ]
}

fn cairo(registry: &str, id: u64, version: u32, price: u128) -> String {
    format!(
        "#[starknet::interface]\n\
         trait IModelRegistry<T> {{\n    \
             fn call(\n        ref self: T, model_id: u64, version: u32, input: Span<felt252>, max_price: u128\n    \
             ) -> Span<felt252>;\n}}\n\n\
         let contract_address = {registry}.try_into().unwrap();\n\
         let registry = IModelRegistryDispatcher {{ contract_address }};\n\
         let output = registry.call({id}, {version}, input, {price});"
    )
}
