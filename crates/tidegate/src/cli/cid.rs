//! `tidegate cid`: which CID a file or folder has, without any server.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, builder::PossibleValuesParser};
use serde_json::json;
use tidegate_content::{Hasher, Profile};

use super::{
    Failure, Output,
    import::{import_reader, import_tree},
    progress::Progress,
    tree::Tree,
};

/// Print the CID of a file or folder.
///
/// It is the one that Kubo prints, and no server is needed. Of a folder everything counts, hidden files too, as with `ipfs add
/// --recursive --hidden`; symbolic links count as links.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  tidegate cid photo.jpg\n  tidegate cid ./site --profile unixfs-v1-2025\n  \
                        tar c site | tidegate cid -"
)]
pub(super) struct CidOf {
    /// The file or folder; - for standard input
    #[arg(value_name = "FILE_OR_DIR")]
    path: PathBuf,
    #[command(flatten)]
    profile: ProfileArg,
}

/// How content becomes blocks, for every command that makes CIDs.
#[derive(Args)]
pub(super) struct ProfileArg {
    /// How content becomes blocks; the same bytes have another CID in another profile
    #[arg(long, value_name = "PROFILE", default_value = Profile::UNIXFS_V0_2015.name(),
          value_parser = PossibleValuesParser::new(Profile::ALL.map(|profile| profile.name())))]
    profile: String,
}

impl ProfileArg {
    pub(super) fn profile(&self) -> Profile {
        Profile::by_name(&self.profile).expect("the parser lets only names of profiles pass")
    }
}

pub(super) fn run(command: &CidOf, output: Output) -> Result<(), Failure> {
    let profile = command.profile.profile();
    let (imported, is_directory) = if command.path == Path::new("-") {
        let progress = Progress::new(output, "hashing", None);
        let mut input = std::io::stdin().lock();
        let imported = import_reader(&mut input, profile, &Hasher::all_cores(), &progress)
            .context("cannot read standard input")?;
        (imported, false)
    } else {
        let mut tree = Tree::read(&command.path)?;
        let progress = Progress::new(output, "hashing", Some(tree.size()));
        let imported = import_tree(&mut tree, profile, &progress)?;
        (imported, tree.is_directory)
    };
    let cid = imported.cid.to_string();
    Ok(output.result(
        &cid,
        &json!({
            "cid": cid,
            "size": imported.size,
            "profile": profile.name(),
            "type": if is_directory { "directory" } else { "file" },
        }),
    )?)
}
