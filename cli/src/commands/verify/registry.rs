//! The links from a proof to a version in the registry.

use anyhow::{Context, Result};
use nilometer_cairo::contract::system_calls;
use nilometer_package::check::AboutError;
use nilometer_package::pipeline::Rebuilt;
use nilometer_package::Package;
use nilometer_starknet::ChainError;

use super::links::Link;
use super::{expect, VerifyArgs};
use crate::chain::class::Built;
use crate::chain::lookup::find;
use crate::chain::Session;
use crate::felt::hex;

/// Compares the package with the registered version, and the version with its contract.
///
/// # Errors
/// The version is another model, its contract has another class by now, or the node fails.
pub fn links(
    args: &VerifyArgs,
    id: u64,
    package: &Package,
    rebuilt: Option<&Rebuilt>,
) -> Result<Vec<Link>> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let (_, number, version) = find(&session, registry, id, args.version)?;
    let place = format!(
        "version {number} of model {id} in the registry {} on {}",
        hex(&registry.address),
        session.chain.chain_name()
    );
    let manifest = &package.manifest;
    expect("model hash", Some(version.model_hash), &manifest.model_hash)
        .and_then(|()| expect("program hash", Some(version.program_hash), &manifest.program_hash))
        .with_context(|| place.clone())?;
    let mut links = vec![Link::checked(
        "model, program",
        "registry",
        format!("{place} has these two hashes (the registry stores them and checks neither)"),
    )];
    links.push(match rebuilt.and_then(|rebuilt| rebuilt.class.as_ref()) {
        Some(json) => {
            let (expected, actual) =
                (hex(&version.class_hash), hex(&Built::new(json.clone())?.class.class_hash));
            if expected != actual {
                let what = "class hash";
                return Err(anyhow::Error::new(AboutError::Rebuilt { what, expected, actual })
                    .context(place));
            }
            Link::checked("model", "class", format!("the ONNX file compiles to the class {actual}"))
        }
        None => Link::stated(
            "model",
            "class",
            format!(
                "the publisher says that the class {} computes this model; `--rebuild MODEL.onnx` checks it",
                hex(&version.class_hash)
            ),
        ),
    });
    let contract = hex(&version.contract);
    let class_hash = session.wait(session.chain.class_hash_at(version.contract))?;
    if class_hash != version.class_hash {
        let reason = format!(
            "{contract} has the class {}, {} is registered",
            hex(&class_hash),
            hex(&version.class_hash)
        );
        return Err(ChainError::Decode { what: "the version's contract", reason }.into());
    }
    let class = session.wait(session.chain.class(class_hash))?;
    let calls = system_calls(&serde_json::to_vec(&class)?)?;
    let code = match calls.as_slice() {
        [] => "it makes no system calls, so it cannot change".to_owned(),
        calls => {
            format!("it makes system calls ({}), so it may answer as it likes", calls.join(", "))
        }
    };
    links.push(Link::checked(
        "class",
        "contract",
        format!("the node says that {contract} has the registered class; {code}"),
    ));
    Ok(links)
}
