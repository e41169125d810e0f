//! TLS: the system's roots, those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or those that the caller gives.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Certificates of authorities that are trusted instead of the system's.
#[derive(Clone)]
pub struct Roots(Arc<RootCertStore>);

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

/// A text without a usable certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no usable certificate in the PEM text: {0}")]
pub struct RootsError(String);

impl Roots {
    /// Reads one certificate or several.
    ///
    /// # Errors
    /// When one of them cannot be read, or there is none.
    pub fn from_pem(text: &[u8]) -> Result<Self, RootsError> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate = certificate.map_err(|error| RootsError(error.to_string()))?;
            store.add(certificate).map_err(|error| RootsError(error.to_string()))?;
        }
        if store.is_empty() {
            return Err(RootsError("it holds none".to_owned()));
        }
        Ok(Self(Arc::new(store)))
    }
}

/// Configurations, made when the first https URL appears: reading the system's roots takes milliseconds.
#[derive(Debug)]
pub(crate) struct Tls {
    roots: Option<Roots>,
    config: OnceLock<ClientConfig>,
}

impl Tls {
    pub(crate) fn new(roots: Option<Roots>) -> Self {
        Self { roots, config: OnceLock::new() }
    }

    /// For `https` the real configuration, else one that trusts nobody, which the HTTP library wants nevertheless.
    pub(crate) fn config(&self, https: bool, http1_only: bool) -> ClientConfig {
        let mut config = if https {
            self.config.get_or_init(|| build(self.trusted())).clone()
        } else {
            build(Arc::new(RootCertStore::empty()))
        };
        config.alpn_protocols =
            if http1_only { vec![b"http/1.1".to_vec()] } else { vec![b"h2".to_vec(), b"http/1.1".to_vec()] };
        config
    }

    fn trusted(&self) -> Arc<RootCertStore> {
        if let Some(roots) = &self.roots {
            return Arc::clone(&roots.0);
        }
        let mut store = RootCertStore::empty();
        // Certificates that cannot be read are left out: one broken file must not end all TLS.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(store)
    }
}

fn build(roots: Arc<RootCertStore>) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring serves the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_certificates_is_no_roots() {
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(Roots::from_pem(text.as_bytes()).is_err(), "{text}");
        }
    }
}
