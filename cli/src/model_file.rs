//! The bytes of a model file, with the weights that stand in files beside it.
//!
//! The names of those files come from the model, which is untrusted: only regular files in the model's
//! own folder are read, never through a link or a path that leaves it, and only the bytes that are named.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use anyhow::{Context, Result};
use nilometer_transpiler::onnx::limits::MAX_FILE_BYTES;
use nilometer_transpiler::onnx::{embed, ExternalPiece, ImportError};

/// Reads a model as one piece.
///
/// # Errors
/// A file cannot be read or may not be, or is not what the model says.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let length = fs::metadata(path).with_context(cannot)?.len();
    if length > MAX_FILE_BYTES as u64 {
        let actual = usize::try_from(length).unwrap_or(usize::MAX);
        let what = "bytes in the file";
        return Err(ImportError::TooLarge { what, actual, limit: MAX_FILE_BYTES }.into());
    }
    let bytes = fs::read(path).with_context(cannot)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let embedded = embed(&bytes, &mut |piece| read_piece(folder, piece));
    Ok(match embedded.with_context(|| path.display().to_string())? {
        Some(whole) => whole,
        None => bytes,
    })
}

fn read_piece(folder: &Path, piece: &ExternalPiece) -> Result<Vec<u8>, String> {
    let location = Path::new(&piece.location);
    let stays =
        location.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if piece.location.is_empty() || !stays {
        return Err("leaves the model's folder; the data must stand beside the model".to_owned());
    }
    let path = folder.join(location);
    let cannot = |error: std::io::Error| format!("cannot be read beside the model: {error}");
    let file_type = fs::symlink_metadata(&path).map_err(cannot)?.file_type();
    // Any link on the way, and not only the last, makes the real path another one.
    let real = fs::canonicalize(&path).map_err(cannot)?;
    if file_type.is_symlink() || real != fs::canonicalize(folder).map_err(cannot)?.join(location) {
        return Err("is a link; the data must stand beside the model".to_owned());
    }
    if !file_type.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut file = File::open(&real).map_err(cannot)?;
    let size = file.metadata().map_err(cannot)?.len();
    let end = piece.offset.checked_add(piece.length as u64);
    if end.is_none_or(|end| end > size) {
        return Err(format!(
            "has {size} bytes, and {} from byte {} on are wanted",
            piece.length, piece.offset
        ));
    }
    let mut data = vec![0; piece.length];
    file.seek(SeekFrom::Start(piece.offset)).map_err(cannot)?;
    file.read_exact(&mut data).map_err(cannot)?;
    Ok(data)
}
