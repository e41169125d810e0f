//! `towline get`: one file, or several at once.

mod plan;

use crate::args::{Get, Shared};
use crate::exit::Code;
use crate::session::{self, Session, first_failure};

/// Brings what the command names; prints everything, errors included.
pub(crate) async fn run(get: &Get, shared: &Shared) -> Code {
    session::run(async |jobs| {
        let plans = plan::plans(get)?;
        let session = Session::new(shared, get.unpack)?;
        let ended = session.bring_all(plans, jobs).await;
        Ok(first_failure(ended.iter().map(|ended| ended.code)))
    })
    .await
}
