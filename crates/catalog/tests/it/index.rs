//! Pages in both forms, odd ones, and what is on this machine.

mod forms;
mod local;
mod odd;

use towline_catalog::{
    Place,
    index::{IndexError, Page},
};
use url::Url;
use uv_normalize::PackageName;

pub(crate) const JSON: &str = "application/vnd.pypi.simple.v1+json";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
const BASE: &str = "https://index.example/simple/foo-bar/";

fn project() -> PackageName {
    "foo-bar".parse().unwrap()
}

fn parse(body: &str, content_type: &str) -> Result<Page, IndexError> {
    Page::parse(&project(), body.as_bytes(), Some(content_type), &Url::parse(BASE).unwrap())
}

fn html(body: &str) -> Page {
    parse(body, HTML).unwrap()
}

fn json(body: &str) -> Page {
    parse(body, JSON).unwrap()
}

fn names(page: &Page) -> Vec<&str> {
    page.files.iter().map(|listed| listed.file.name.as_str()).collect()
}

fn urls(page: &Page) -> Vec<String> {
    let place = |place: &Place| match place {
        Place::Url(url) => url.to_string(),
        Place::Path(path) => path.display().to_string(),
    };
    page.files.iter().map(|listed| place(&listed.file.places[0])).collect()
}
