//! Certificates, good and bad, all made when the server starts.

use crate::action::TlsFault;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The identities a server can show.
pub(crate) struct Tls {
    pub(crate) ca_pem: String,
    good: TlsAcceptor,
    wrong_host: TlsAcceptor,
    self_signed: TlsAcceptor,
    expired: TlsAcceptor,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Certificates that could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("could not make a certificate")]
    Certificate(#[from] rcgen::Error),
    #[error("could not use a certificate")]
    Config(#[from] rustls::Error),
}

impl Tls {
    /// Makes a CA and its certificates; the good one is for localhost, its addresses and `hosts`.
    pub(crate) fn new(hosts: &[String], http2: bool) -> Result<Self, TlsError> {
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        names.extend_from_slice(hosts);
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "towline-faults test CA");
        let key = KeyPair::generate()?;
        let ca_pem = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);

        let good = acceptor(&leaf(names.clone())?, Some(&issuer), http2)?;
        let wrong_host = acceptor(&leaf(vec!["elsewhere.invalid".to_owned()])?, Some(&issuer), http2)?;
        let self_signed = acceptor(&leaf(names.clone())?, None, http2)?;
        let mut old = leaf(names)?;
        old.not_before = rcgen::date_time_ymd(2019, 1, 1);
        old.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let expired = acceptor(&old, Some(&issuer), http2)?;
        Ok(Self { ca_pem, good, wrong_host, self_signed, expired })
    }

    /// The acceptor that shows the right or a wrong certificate.
    pub(crate) fn acceptor(&self, fault: Option<TlsFault>) -> &TlsAcceptor {
        match fault {
            Some(TlsFault::WrongHost) => &self.wrong_host,
            Some(TlsFault::SelfSigned) => &self.self_signed,
            Some(TlsFault::Expired) => &self.expired,
            Some(TlsFault::BreakOff | TlsFault::NeverAnswer) | None => &self.good,
        }
    }
}

fn leaf(names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "towline-faults");
    // RFC 5280 section 4.2.1.1; Python 3.13 and later insist on it.
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn acceptor(
    params: &CertificateParams,
    issuer: Option<&Issuer<'_, KeyPair>>,
    http2: bool,
) -> Result<TlsAcceptor, TlsError> {
    let key = KeyPair::generate()?;
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer)?,
        None => params.self_signed(&key)?,
    };
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(TlsAcceptor::from(Arc::new(config)))
}
