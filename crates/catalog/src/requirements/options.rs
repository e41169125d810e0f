//! Options of a line.

/// What an option means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opt {
    Include,
    Constrain,
    Editable,
    Index,
    ExtraIndex,
    NoIndex,
    FindLinks,
    NoBinary,
    OnlyBinary,
    PreferBinary,
    Pre,
    RequireHashes,
    Hash,
    /// Read, and told that it means nothing here.
    Nothing,
}

/// Names, short name, whether a value follows.
const OPTIONS: [(&str, &str, Opt, bool); 19] = [
    ("--requirement", "-r", Opt::Include, true),
    ("--requirements", "", Opt::Include, true),
    ("--constraint", "-c", Opt::Constrain, true),
    ("--editable", "-e", Opt::Editable, true),
    ("--index-url", "-i", Opt::Index, true),
    ("--pypi-url", "", Opt::Index, true),
    ("--extra-index-url", "", Opt::ExtraIndex, true),
    ("--no-index", "", Opt::NoIndex, false),
    ("--find-links", "-f", Opt::FindLinks, true),
    ("--no-binary", "", Opt::NoBinary, true),
    ("--only-binary", "", Opt::OnlyBinary, true),
    ("--prefer-binary", "", Opt::PreferBinary, false),
    ("--pre", "", Opt::Pre, false),
    ("--require-hashes", "", Opt::RequireHashes, false),
    ("--hash", "", Opt::Hash, true),
    ("--trusted-host", "", Opt::Nothing, true),
    ("--use-feature", "", Opt::Nothing, true),
    ("--config-settings", "-C", Opt::Nothing, true),
    ("--global-option", "", Opt::Nothing, true),
];

/// An option as it stands in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) opt: Opt,
    /// As it is written.
    pub(super) name: String,
    pub(super) value: String,
}

/// Splits a line into what comes before the first option, and the options.
pub(super) fn split(line: &str) -> Result<(String, Vec<Given>), String> {
    let at = word_starts(line).find(|&at| line[at..].starts_with('-')).unwrap_or(line.len());
    let (before, after) = line.split_at(at);
    // Quotes of a marker belong to it.
    if let Some((option, marker)) = after.split_once(" ;").filter(|_| before.is_empty())
        && let Ok((_, given)) = split(option)
        && let [Given { opt: Opt::Editable, name, value }] = given.as_slice()
    {
        let value = format!("{value} ;{marker}");
        return Ok((String::new(), vec![Given { opt: Opt::Editable, name: name.clone(), value }]));
    }
    let mut words = words(after)?.into_iter();
    let mut given = Vec::new();
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (word.clone(), None),
        };
        let long = OPTIONS.iter().find(|(long, short, ..)| *long == name || !short.is_empty() && *short == name);
        let (opt, takes, inline) = match long {
            Some(&(_, _, opt, takes)) => (opt, takes, inline),
            // `-rFILE`
            None => match OPTIONS.iter().find(|(_, short, ..)| !short.is_empty() && word.starts_with(short)) {
                Some(&(_, short, opt, true)) if !word.starts_with("--") => {
                    (opt, true, Some(word[short.len()..].to_owned()))
                }
                _ if word.starts_with('-') => return Err(format!("`{name}` is no option of requirements files")),
                _ => {
                    return Err(format!(
                        "`{word}` stands behind an option, and is none; a requirement comes before its options"
                    ));
                }
            },
        };
        let value = match (takes, inline) {
            (true, Some(value)) => value,
            (true, None) => words.next().ok_or_else(|| format!("`{name}` needs a value"))?,
            (false, None) => String::new(),
            (false, Some(_)) => return Err(format!("`{name}` takes no value")),
        };
        given.push(Given { opt, name, value });
    }
    Ok((before.trim().to_owned(), given))
}

/// Where words begin that white space parts.
fn word_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, sign)| {
        let starts = before.is_whitespace() && !sign.is_whitespace();
        before = sign;
        starts.then_some(at)
    })
}

/// Words as a shell has them: white space parts, quotes hold together.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (Some(open), _) if sign == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(signs.next()),
            (None, _) if sign.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    if quote.is_some() {
        return Err("a quotation mark is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}
