//! What of a uv.lock is reached from its root.
//!
//! A marker of an edge says little alone: uv leaves out what `requires-python` and the package's own `resolution-markers` imply. So
//! the graph is walked from the project, along edges whose markers hold. Where extras or groups conflict, markers ask which are on, by
//! names such as `extra-11-sources-app-new` (the number is the length of the package's name); an extra of a package may be
//! switched on only by an edge, so the walk is repeated until it switches on no more.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};

use uv_normalize::{ExtraName, PackageName};
use uv_pep508::MarkerTree;

use super::{
    LeftOut, LockError, Locked, Selection, Spot,
    uv::{Edge, Item, Package, Source, UvLock},
};
use crate::Target;

/// Where a walk begins.
struct Start<'a> {
    roots: Vec<usize>,
    /// Edges at once, and whose they are.
    edges: Vec<(&'a Spot, &'a Edge)>,
    extras: Vec<(usize, &'a ExtraName)>,
    on: BTreeSet<Item>,
}

struct Walk<'a> {
    lock: &'a UvLock,
    target: &'a Target,
    /// The names of what is on, as markers have them.
    on: Vec<ExtraName>,
    reached: BTreeSet<usize>,
    seen: BTreeSet<(usize, Option<&'a ExtraName>)>,
    queue: VecDeque<(usize, Option<&'a ExtraName>)>,
}

impl UvLock {
    pub(super) fn choose(&self, path: &Path, target: &Target, selection: &Selection) -> Result<Locked, LockError> {
        self.fits(target)?;
        let mut start = self.start(path, selection)?;
        let reached = loop {
            let walk = self.walk(&start, target)?;
            let before = start.on.len();
            for (index, extra) in &walk.seen {
                if let (Some(package), Some(extra)) = (self.packages.get(*index), extra) {
                    start.on.insert(Item::Extra(package.name.clone(), (*extra).clone()));
                }
            }
            if start.on.len() == before {
                break walk.reached;
            }
        };
        self.conflict(&start.on)?;
        self.once(&reached, target)?;
        let mut locked = Locked::default();
        for index in &reached {
            let Some(package) = self.packages.get(*index) else { continue };
            let own = start.roots.contains(index) || self.members.contains(&package.name);
            if !own && !selection.without.contains(&package.name) {
                package.choose(target, &mut locked)?;
            }
        }
        Ok(locked)
    }

    fn fits(&self, target: &Target) -> Result<(), LockError> {
        if let Some((at, python)) = &self.requires_python
            && !python.contains(&target.python())
        {
            let why = format!("the lock requires Python {python}, and the target is {target}");
            return Err(LockError::Unfit { at: Box::new(at.clone()), why });
        }
        if let Some((at, supported)) = &self.supported
            && !supported.is_empty()
            && !supported.iter().any(|marker| marker.evaluate(target.markers(), &[]))
        {
            let why = format!("the lock is for other environments than {target}");
            return Err(LockError::Unfit { at: Box::new(at.clone()), why });
        }
        Ok(())
    }

    fn start(&self, path: &Path, selection: &Selection) -> Result<Start<'_>, LockError> {
        let roots = self.roots(path, selection)?;
        let of_roots = || roots.iter().filter_map(|index| self.packages.get(*index).map(|package| (*index, package)));
        let missing = |what, name: String, known: BTreeSet<String>| LockError::Missing {
            path: path.to_owned(),
            what,
            name,
            known: known.into_iter().collect(),
        };
        let known_extras: BTreeSet<_> = of_roots().flat_map(|(_, package)| package.extras.keys()).collect();
        if let Some(extra) = selection.extras.iter().find(|extra| !known_extras.contains(extra)) {
            let known = known_extras.iter().map(ToString::to_string).collect();
            return Err(missing("extra", extra.to_string(), known));
        }
        let known_groups: BTreeSet<_> =
            of_roots().flat_map(|(_, package)| package.groups.keys()).chain(self.groups.keys()).collect();
        let asked = selection.with_groups.iter().chain(&selection.without_groups);
        for group in asked {
            if !known_groups.contains(group) {
                let known = known_groups.iter().map(ToString::to_string).collect();
                return Err(missing("dependency group", group.to_string(), known));
            }
        }
        let groups = selection
            .groups(known_groups.iter().copied(), known_groups.iter().copied().filter(|group| group.as_ref() == "dev"));

        let mut start = Start { roots: Vec::new(), edges: Vec::new(), extras: Vec::new(), on: BTreeSet::new() };
        // What the root asks for without being a project is not any member's.
        if selection.packages.is_empty() {
            start.edges.extend(self.requirements.iter().map(|edge| (&self.at, edge)));
            for group in &groups {
                start.edges.extend(self.groups.get(group).into_iter().flatten().map(|edge| (&self.at, edge)));
            }
        }
        for (index, package) in of_roots() {
            start.on.insert(Item::Project(package.name.clone()));
            for extra in package.extras.keys().filter(|extra| selection.all_extras || selection.extras.contains(*extra))
            {
                start.on.insert(Item::Extra(package.name.clone(), extra.clone()));
                start.extras.push((index, extra));
            }
            for (group, edges) in package.groups.iter().filter(|(group, _)| groups.contains(*group)) {
                start.on.insert(Item::Group(package.name.clone(), group.clone()));
                start.edges.extend(edges.iter().map(|edge| (&package.at, edge)));
            }
        }
        start.roots = roots;
        Ok(start)
    }

    /// The project at the lock's own place, else all members of the workspace.
    fn roots(&self, path: &Path, selection: &Selection) -> Result<Vec<usize>, LockError> {
        let local =
            |index: &usize| matches!(self.packages.get(*index), Some(Package { source: Source::Local { .. }, .. }));
        let of_name = |name: &PackageName| self.by_name.get(name).into_iter().flatten().copied().find(local);
        let project = self.packages.iter().position(
            |package| matches!(&package.source, Source::Local { path, .. } if matches!(path.as_str(), "." | "")),
        );
        if selection.packages.is_empty() {
            return Ok(project.map_or_else(|| self.members.iter().filter_map(of_name).collect(), |index| vec![index]));
        }
        let missing = |name: &PackageName| {
            let mut known = self.members.clone();
            known.extend(project.and_then(|index| Some(self.packages.get(index)?.name.clone())));
            LockError::Missing {
                path: path.to_owned(),
                what: "workspace member",
                name: name.to_string(),
                known: known.iter().map(ToString::to_string).collect(),
            }
        };
        let member = |name: &PackageName| {
            let index = of_name(name)?;
            (self.members.contains(name) || Some(index) == project).then_some(index)
        };
        selection.packages.iter().map(|name| member(name).ok_or_else(|| missing(name))).collect()
    }

    fn walk<'a>(&'a self, start: &Start<'a>, target: &'a Target) -> Result<Walk<'a>, LockError> {
        let mut walk = Walk {
            lock: self,
            target,
            on: self.conflicts.iter().flatten().filter(|item| start.on.contains(item)).filter_map(Item::name).collect(),
            reached: BTreeSet::new(),
            seen: BTreeSet::new(),
            queue: VecDeque::new(),
        };
        for root in &start.roots {
            walk.reach(*root, None);
        }
        for (index, extra) in &start.extras {
            walk.reach(*index, Some(extra));
        }
        for (at, edge) in &start.edges {
            walk.follow(at, edge)?;
        }
        while let Some((index, extra)) = walk.queue.pop_front() {
            let Some(package) = self.packages.get(index) else { continue };
            let edges = match extra {
                None => Some(&package.dependencies),
                // An extra that a package has not is no error in an index, nor here.
                Some(extra) => package.extras.get(extra),
            };
            for edge in edges.into_iter().flatten() {
                walk.follow(&package.at, edge)?;
            }
        }
        Ok(walk)
    }

    /// At most one of each set may be on.
    fn conflict(&self, on: &BTreeSet<Item>) -> Result<(), LockError> {
        for set in &self.conflicts {
            let both: Vec<_> = set.iter().filter(|item| on.contains(item)).map(ToString::to_string).collect();
            if both.len() > 1 {
                let why = format!("{} exclude each other", both.join(" and "));
                return Err(LockError::Ambiguous { at: Box::new(self.at.clone()), why });
            }
        }
        Ok(())
    }

    fn once(&self, reached: &BTreeSet<usize>, target: &Target) -> Result<(), LockError> {
        let mut names: BTreeMap<&PackageName, &Package> = BTreeMap::new();
        for package in reached.iter().filter_map(|index| self.packages.get(*index)) {
            if let Some(first) = names.insert(&package.name, package) {
                return Err(LockError::Ambiguous {
                    at: Box::new(package.at.clone()),
                    why: format!("`{}` is wanted twice for {target}, here and as `{}`", package.name, first.at.key),
                });
            }
        }
        Ok(())
    }
}

impl<'a> Walk<'a> {
    fn reach(&mut self, index: usize, extra: Option<&'a ExtraName>) {
        self.reached.insert(index);
        if self.seen.insert((index, extra)) {
            self.queue.push_back((index, extra));
        }
    }

    fn holds(&self, marker: MarkerTree) -> bool {
        marker.evaluate(self.target.markers(), &self.on)
    }

    fn follow(&mut self, at: &Spot, edge: &'a Edge) -> Result<(), LockError> {
        let before = self.on.len();
        // Its marker may ask for the very extras that it switches on.
        let own = edge.extras.iter().map(|extra| Item::Extra(edge.name.clone(), extra.clone()));
        let own = own.filter(|item| self.lock.conflicts.iter().flatten().any(|other| other == item));
        let own: Vec<_> = own.filter_map(|item| item.name()).filter(|name| !self.on.contains(name)).collect();
        self.on.extend(own);
        if !self.holds(edge.marker) {
            self.on.truncate(before);
            return Ok(());
        }
        let index = self.find(at, edge)?;
        self.reach(index, None);
        for extra in &edge.extras {
            self.reach(index, Some(extra));
        }
        Ok(())
    }

    /// The package that an edge means.
    fn find(&self, at: &Spot, edge: &Edge) -> Result<usize, LockError> {
        let lock = self.lock;
        let fits = |index: &&usize| {
            lock.packages.get(**index).is_some_and(|package| {
                edge.version.as_ref().is_none_or(|version| package.version.as_ref() == Some(version))
                    && edge.source.as_ref().is_none_or(|source| *source == package.id)
            })
        };
        let mut found: Vec<usize> = lock.by_name.get(&edge.name).into_iter().flatten().filter(fits).copied().collect();
        if found.len() > 1 {
            found.retain(|index| {
                lock.packages.get(*index).is_some_and(|package| {
                    package.forks.is_empty() || package.forks.iter().any(|marker| self.holds(*marker))
                })
            });
        }
        let spot = || Box::new(Spot { line: edge.line, ..at.clone() });
        match *found {
            [one] => Ok(one),
            [] => Err(LockError::Invalid { at: spot(), why: format!("no package is the dependency `{}`", edge.name) }),
            _ => Err(LockError::Ambiguous {
                at: spot(),
                why: format!("{} packages can be the dependency `{}`", found.len(), edge.name),
            }),
        }
    }
}

impl Package {
    /// A project that is never built is nothing at all.
    fn choose(&self, target: &Target, locked: &mut Locked) -> Result<(), LockError> {
        let what = match &self.source {
            Source::Files(files) => {
                locked.files.push(files.choice(&self.name, self.version.as_ref(), &self.at, target)?);
                return Ok(());
            }
            Source::Git => "a checkout of a git repository",
            Source::Local { built: true, .. } => "a directory",
            Source::Local { built: false, .. } => return Ok(()),
        };
        locked.left_out.push(LeftOut { at: self.at.clone(), package: self.name.clone(), what: what.to_owned() });
        Ok(())
    }
}

impl Item {
    /// As markers name it. The length says where the package's name ends.
    fn name(&self) -> Option<ExtraName> {
        let text = match self {
            Self::Project(package) => format!("project-{}-{package}", package.as_ref().len()),
            Self::Extra(package, extra) => format!("extra-{}-{package}-{extra}", package.as_ref().len()),
            Self::Group(package, group) => format!("group-{}-{package}-{group}", package.as_ref().len()),
        };
        text.parse().ok()
    }
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Project(package) => write!(f, "the project `{package}`"),
            Self::Extra(package, extra) => write!(f, "the extra `{extra}` of `{package}`"),
            Self::Group(package, group) => write!(f, "the group `{group}` of `{package}`"),
        }
    }
}
