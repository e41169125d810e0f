//! A scripted HTTP origin that misbehaves on purpose and keeps a journal of what it did.
//!
//! Point any HTTP client at a [`Server`], say in a [`Script`] what goes wrong and when, and compare what the
//! client believes with the [`Entry`] list of what the server did. The server shares no code with any client:
//! raw sockets and a small HTTP/1.1 writer, so that wrong answers can be written on purpose.
//!
//! ```
//! use std::io::{Read, Write};
//! use towline_faults::{Action, At, File, Rule, Script, Server};
//!
//! let script = Script::new()
//!     .file(File::generated("/a.bin", 1000, 1))
//!     .rule(Rule::on("/a.bin").nth(1).act(Action::FinAt(At::Fraction(0.5))));
//! let server = Server::start(script)?;
//!
//! let mut client = std::net::TcpStream::connect(server.addr())?;
//! client.write_all(b"GET /a.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
//! let mut answer = Vec::new();
//! client.read_to_end(&mut answer)?;
//!
//! let journal = server.journal();
//! assert_eq!((journal[0].status, journal[0].bytes), (Some(200), 500));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Scripts are also TOML files, see [`Script::load`] and the program `towline-faults`.

mod action;
mod answer;
mod conn;
mod content;
mod door;
mod http2;
mod index;
mod journal;
mod links;
mod measure;
mod plan;
mod proxy;
mod range;
mod request;
mod respond;
mod rule;
mod script;
mod server;
mod site;
mod speed;
mod stream;
mod tls;

pub use action::{Action, ChangedEtag, Etag, H2Code, RetryAfter, TlsFault, Total};
pub use content::Content;
pub use journal::{Entry, Finish, Kind};
pub use measure::{At, Hold, MeasureError, Nth};
pub use rule::{Rule, Since};
pub use script::{File, Script, ScriptError};
pub use server::{Server, ServerError};
