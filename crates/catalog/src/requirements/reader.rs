//! Reading files, and the files they include.

use std::{
    fs,
    path::{Path, PathBuf},
};

use towline_store::{Algorithm, Digest};
use url::Url;
use uv_pep508::MarkerTree;

use super::{
    Entry, Origin, Requirements, RequirementsError, What,
    entry::with_marker,
    lines,
    options::{self, Given, Opt},
};
use crate::{Kind, marker};

/// Files in all; more is a mistake, or worse.
const MOST_FILES: usize = 1000;

/// Where in the tree of files.
struct At<'a> {
    path: &'a Path,
    /// What includes it, outermost first.
    above: &'a [PathBuf],
    constraints: bool,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Requirements {
    /// Reads a file and all it includes. `variable` gives the values of `${VAR}`.
    ///
    /// # Errors
    /// When a file cannot be read, includes itself, or has a line that cannot be understood: file and line are named.
    pub fn read(&mut self, path: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), RequirementsError> {
        self.file(&At { path, above: &[], constraints: false, variable }, None)
    }

    /// Reads a requirement of the command line. Paths are relative to the working directory.
    ///
    /// # Errors
    /// When it is none, or has options.
    pub fn argument(&mut self, text: &str) -> Result<(), RequirementsError> {
        let here = Path::new("");
        self.entries.push(Entry::parse(text.trim(), Vec::new(), &Origin::Argument, here)?);
        Ok(())
    }

    fn file(&mut self, at: &At<'_>, included: Option<&Origin>) -> Result<(), RequirementsError> {
        let refuse = |why: String| match included {
            Some(origin) => origin.error(format!("{}: {why}", at.path.display())),
            None => RequirementsError::whole(at.path, why),
        };
        let real = fs::canonicalize(at.path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        if at.above.contains(&real) {
            return Err(refuse("it includes itself: take one of the lines out".to_owned()));
        }
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(refuse(format!("more than {MOST_FILES} files are included")));
        }
        let bytes = fs::read(at.path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let text = lines::text(bytes).map_err(refuse)?;
        let mut above = at.above.to_vec();
        above.push(real);
        let inner = At { above: &above, ..*at };
        for (line, text) in lines::logical(&text, at.variable) {
            let origin = Origin::File { path: at.path.to_owned(), line };
            self.line(&text, &origin, &inner)?;
        }
        Ok(())
    }

    fn line(&mut self, text: &str, origin: &Origin, at: &At<'_>) -> Result<(), RequirementsError> {
        let folder = at.path.parent().unwrap_or_else(|| Path::new(""));
        let (requirement, options) = options::split(text).map_err(|why| origin.error(why))?;
        if requirement.is_empty() {
            return options.into_iter().try_for_each(|given| self.option(given, origin, at, folder));
        }
        let mut hashes = Vec::new();
        for given in options {
            match given.opt {
                Opt::Hash => hashes.push(digest(&given.value).map_err(|why| origin.error(why))?),
                Opt::Nothing => self.warn(&given, origin),
                _ => return Err(origin.error(format!("`{}` needs a line of its own", given.name))),
            }
        }
        let entry = Entry::parse(&requirement, hashes, origin, folder)?;
        if at.constraints {
            self.constraints.push(entry)
        } else {
            self.entries.push(entry)
        }
        Ok(())
    }

    fn option(&mut self, given: Given, origin: &Origin, at: &At<'_>, folder: &Path) -> Result<(), RequirementsError> {
        let Given { opt, value, name } = &given;
        match opt {
            Opt::Include | Opt::Constrain => {
                let path = match Url::parse(value) {
                    Ok(url) if url.scheme() == "file" => {
                        url.to_file_path().map_err(|()| origin.error(format!("{value} is no path of this machine")))?
                    }
                    _ if value.contains("://") => {
                        let why = "a requirements file of the network is not read: bring it first (`towline get`)";
                        return Err(origin.error(why));
                    }
                    _ => folder.join(value),
                };
                // As in pip, what a constraints file includes with `-r` is asked for.
                let constraints = *opt == Opt::Constrain;
                return self.file(&At { path: &path, constraints, ..*at }, Some(origin));
            }
            Opt::Editable => {
                let (place, marker) = with_marker(value);
                let marker = match marker {
                    "" => MarkerTree::TRUE,
                    text => marker::parse(text).map_err(|why| origin.error(why))?,
                };
                self.entries.push(Entry {
                    origin: origin.clone(),
                    text: format!("{name} {}", place.rsplit('@').next().unwrap_or_default()),
                    what: What::Built("an editable".to_owned()),
                    hashes: Vec::new(),
                    marker,
                });
            }
            Opt::Index => self.index_url = Some(value.clone()),
            Opt::ExtraIndex => self.extra_index_urls.push(value.clone()),
            Opt::NoIndex => self.no_index = true,
            Opt::FindLinks => self.find_links.push((value.clone(), folder.to_owned())),
            Opt::NoBinary => self.forms.push((Kind::Sdist, value.clone(), origin.clone())),
            Opt::OnlyBinary => self.forms.push((Kind::Wheel, value.clone(), origin.clone())),
            Opt::PreferBinary => self.prefer_binary = true,
            Opt::Pre => self.pre = true,
            Opt::RequireHashes => self.require_hashes = true,
            Opt::Hash => return Err(origin.error("`--hash` stands behind a requirement, and here is none before it")),
            Opt::Nothing => self.warn(&given, origin),
        }
        Ok(())
    }

    fn warn(&mut self, given: &Given, origin: &Origin) {
        self.warnings.push(format!("{origin}: `{}` means nothing here", given.name));
    }
}

fn digest(text: &str) -> Result<Digest, String> {
    let Some((name, hex)) = text.split_once(':') else {
        return Err(format!("`--hash={}` has no digest: write ALGORITHM:HEX", text.escape_debug()));
    };
    let Ok(algorithm) = name.to_ascii_lowercase().parse::<Algorithm>() else {
        return Err(format!(
            "hashes of the kind `{}` are not verified here: give sha256, sha384 or sha512",
            name.escape_debug()
        ));
    };
    Digest::new(algorithm, hex).map_err(|error| error.to_string())
}
