//! Keys that earlier versions of Zowe had, or read from instance.env, and where they stand now. Source: Zowe's public documentation of the
//! migration from version 1 to 2 and from 2 to 3, and the configurations that its repositories held over the years.

/// Former paths, and what replaces them.
const PATHS: &[(&str, Now)] = &[
    ("zowe.jobPrefix", Now::Is("zowe.job.prefix")),
    ("zowe.identifier", Now::Is("zowe.rbacProfileIdentifier (and zowe.cookieIdentifier)")),
    ("zowe.setup.mvs", Now::Is("zowe.setup.dataset")),
    ("zowe.setup.mvs.hlq", Now::Is("zowe.setup.dataset.prefix")),
    ("zowe.internalCertificate", Now::Is("zowe.certificate")),
    ("zowe.externalCertificate", Now::Is("zowe.certificate")),
    ("externalCertificate", Now::Is("zowe.certificate")),
    ("zowe.certificate.pem.certificateAuthority", Now::Is("zowe.certificate.pem.certificateAuthorities")),
    ("zowe.certificate.truststore.certificateAuthorities", Now::Is("zowe.certificate.pem.certificateAuthorities")),
    ("zowe.network.vipaIp", Now::Is("zowe.network.server.vipaIp")),
    ("zowe.network.validatePortFree", Now::Is("zowe.network.server.validatePortFree")),
    ("zowe.network.attls", Now::Is("zowe.network.server.tls.attls and zowe.network.client.tls.attls")),
    ("zowe.network.tls", Now::Is("zowe.network.server.tls and zowe.network.client.tls")),
    ("zowe.attls", Now::Is("zowe.network.server.tls.attls and zowe.network.client.tls.attls")),
    ("zowe.sso", Now::Gone),
    ("zowe.useConfigmgr", Now::Gone),
    ("zowe.templates", Now::Gone),
    // A key of an overlay: what stands below haInstances.<id> is looked up as if it stood at the top level.
    ("ip", Now::Gone),
    ("zowe.setup.certificate.createZosmfTrust", Now::Gone),
    ("zowe.certificate.keystore.icsfHwKey", Now::Gone),
];

/// Variables of version 1, as they stood in instance.env.
const VARIABLES: &[(&str, Now)] = &[
    ("APIML_ALLOW_ENCODED_SLASHES", Now::Is("components.gateway.apiml.service.allowEncodedSlashes")),
    ("APIML_CORS_ENABLED", Now::Is("components.gateway.apiml.service.corsEnabled")),
    ("APIML_DEBUG_MODE_ENABLED", Now::Is("components.gateway.debug, and debug of the other components")),
    ("APIML_ENABLE_SSO", Now::Gone),
    ("APIML_GATEWAY_EXTERNAL_MAPPER", Now::Is("components.gateway.apiml.security.x509.externalMapperUrl")),
    ("APIML_GATEWAY_INTERNAL_HOST", Now::Gone),
    ("APIML_GATEWAY_INTERNAL_PORT", Now::Gone),
    ("APIML_GATEWAY_TIMEOUT_MILLIS", Now::Is("components.gateway.apiml.gateway.timeoutMillis")),
    ("APIML_MAX_CONNECTIONS_PER_ROUTE", Now::Is("components.gateway.server.maxConnectionsPerRoute")),
    ("APIML_MAX_TOTAL_CONNECTIONS", Now::Is("components.gateway.server.maxTotalConnections")),
    ("APIML_PREFER_IP_ADDRESS", Now::Gone),
    ("APIML_SECURITY_AUTH_PROVIDER", Now::Is("components.gateway.apiml.security.auth.provider")),
    ("APIML_SECURITY_AUTHORIZATION_ENDPOINT_URL", Now::Is("components.gateway.apiml.security.authorization.endpoint.url")),
    ("APIML_SECURITY_X509_ENABLED", Now::Is("components.gateway.apiml.security.x509.enabled")),
    ("APIML_SECURITY_ZOSMF_APPLID", Now::Is("zOSMF.applId")),
    ("CATALOG_PORT", Now::Is("components.api-catalog.port")),
    ("DISCOVERY_PORT", Now::Is("components.discovery.port")),
    ("EXTERNAL_CERTIFICATE_AUTHORITIES", Now::Is("zowe.certificate.pem.certificateAuthorities")),
    ("EXTERNAL_COMPONENTS", Now::Is("components.<name>.enabled")),
    ("GATEWAY_PORT", Now::Is("components.gateway.port")),
    ("INSTANCE_DIR", Now::Is("zowe.workspaceDirectory and zowe.logDirectory")),
    ("JAVA_HOME", Now::Is("java.home")),
    ("KEYSTORE", Now::Is("zowe.certificate.keystore.file")),
    ("KEYSTORE_CERTIFICATE", Now::Is("zowe.certificate.pem.certificate")),
    ("KEYSTORE_CERTIFICATE_AUTHORITY", Now::Is("zowe.certificate.pem.certificateAuthorities")),
    ("KEYSTORE_DIRECTORY", Now::Is("zowe.setup.certificate.pkcs12.directory")),
    ("KEYSTORE_KEY", Now::Is("zowe.certificate.pem.key")),
    ("KEYSTORE_PASSWORD", Now::Is("zowe.certificate.keystore.password and zowe.certificate.truststore.password")),
    ("KEYSTORE_TYPE", Now::Is("zowe.certificate.keystore.type and zowe.certificate.truststore.type")),
    ("KEY_ALIAS", Now::Is("zowe.certificate.keystore.alias")),
    ("LAUNCH_COMPONENT_GROUPS", Now::Is("components.<name>.enabled")),
    ("NODE_HOME", Now::Is("node.home")),
    ("ROOT_DIR", Now::Is("zowe.runtimeDirectory")),
    ("TRUSTSTORE", Now::Is("zowe.certificate.truststore.file")),
    ("WORKSPACE_DIR", Now::Is("zowe.workspaceDirectory")),
    ("ZOSMF_HOST", Now::Is("zOSMF.host")),
    ("ZOSMF_PORT", Now::Is("zOSMF.port")),
    ("ZOWE_APIM_NONSTRICT_VERIFY_CERTIFICATES", Now::Is("zowe.verifyCertificates")),
    ("ZOWE_APIM_VERIFY_CERTIFICATES", Now::Is("zowe.verifyCertificates")),
    ("ZOWE_EXPLORER_HOST", Now::Is("zowe.externalDomains, and haInstances.<id>.hostname")),
    ("ZOWE_INSTANCE", Now::Is("zowe.job.prefix and zowe.job.name")),
    ("ZOWE_IP_ADDRESS", Now::Is("zowe.externalDomains")),
    ("ZOWE_PREFIX", Now::Is("zowe.job.prefix")),
    ("ZOWE_ZLUX_SERVER_HTTPS_PORT", Now::Is("components.app-server.port")),
    ("ZOWE_ZSS_SERVER_PORT", Now::Is("components.zss.port")),
    ("ZOWE_ZSS_XMEM_SERVER_NAME", Now::Is("components.zss.crossMemoryServerName")),
    ("ZWES_ZIS_LOADLIB", Now::Is("zowe.setup.dataset.authLoadlib")),
    ("ZWES_ZIS_PARMLIB", Now::Is("zowe.setup.dataset.parmlib")),
    ("ZWES_ZIS_PLUGINLIB", Now::Is("zowe.setup.dataset.authPluginLib")),
    ("ZWE_CACHING_EVICTION_STRATEGY", Now::Is("components.caching-service.storage.evictionStrategy")),
    ("ZWE_CACHING_SERVICE_PERSISTENT", Now::Is("components.caching-service.storage.mode")),
    ("ZWE_CACHING_SERVICE_PORT", Now::Is("components.caching-service.port")),
    ("ZWE_CACHING_SERVICE_VSAM_DATASET", Now::Is("components.caching-service.storage.vsam.name")),
    ("ZWE_CACHING_STORAGE_SIZE", Now::Is("components.caching-service.storage.size")),
    ("ZWE_EXTENSION_DIR", Now::Is("zowe.extensionDirectory")),
    ("ZWE_EXTERNAL_HOSTS", Now::Is("zowe.externalDomains")),
    ("ZWE_EXTERNAL_PORT", Now::Is("zowe.externalPort")),
    ("ZWE_LAUNCH_COMPONENTS", Now::Is("components.<name>.enabled")),
    ("ZWE_LOG_LEVEL_ZWELS", Now::Is("zowe.launchScript.logLevel")),
];

/// What replaces a key.
#[derive(Debug, Clone, Copy)]
enum Now {
    Is(&'static str),
    Gone,
}

/// What to do about a key of an earlier version; None for any other key.
pub(super) fn moved(parent: &[&str], key: &str) -> Option<String> {
    let fits = |path: &str| {
        let steps: Vec<&str> = path.split('.').collect();
        let own: Vec<&str> = parent.iter().copied().chain([key]).collect();
        steps.len() == own.len() && steps.iter().zip(own).all(|(step, own)| *step == "*" || *step == own)
    };
    let path = PATHS.iter().find(|(path, _)| fits(path));
    let variable = || VARIABLES.iter().find(|(name, _)| parent.len() <= 1 && *name == key);
    path.or_else(variable).map(|(_, now)| match now {
        Now::Is(path) => format!("it is of an earlier version of Zowe; what it said belongs into {path}"),
        Now::Gone => "it is of another version of Zowe, and this one does not read it: take it out".to_owned(),
    })
}
