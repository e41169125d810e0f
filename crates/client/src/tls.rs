//! TLS: the system's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::ring;

/// Configurations, made when the first https URL appears: reading the system's roots takes milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    config: OnceLock<ClientConfig>,
}

impl Tls {
    /// For `https` the real configuration, else one that trusts nobody, which the HTTP library wants nevertheless.
    pub(crate) fn config(&self, https: bool, http1_only: bool) -> ClientConfig {
        let mut config = if https { self.config.get_or_init(|| build(true)).clone() } else { build(false) };
        config.alpn_protocols =
            if http1_only { vec![b"http/1.1".to_vec()] } else { vec![b"h2".to_vec(), b"http/1.1".to_vec()] };
        config
    }
}

fn build(roots: bool) -> ClientConfig {
    let mut store = rustls::RootCertStore::empty();
    if roots {
        // Certificates that cannot be read are left out: one broken file must not end all TLS.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring serves the default protocol versions")
        .with_root_certificates(store)
        .with_no_client_auth()
}
