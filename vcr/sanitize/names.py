"""The default rules that go by name: the names of header fields, cookies, query parameters, body fields and environment
variables whose values are secrets. It must not know how a name is found in a message.

This is a table with one rule for each kind of secret and each kind of place. The names are facts. They come from the
sanitizers of Azure's test proxy (MIT, github.com/Azure/azure-sdk-tools), the rules of gitleaks (MIT), the RFCs, and the
documentation of the services that ``source`` names. A name is listed in one form: case, ``-`` and ``_`` do not count.
``*-api-key`` stands for all names whose last words are these (``openaiApiKey``). ``tests/secrets/known_names.txt`` has
the names that others mask or services document, and what becomes of each.

In the examples (``vector``, ``counter_example``), ``{a24}`` stands for 24 made-up letters, as in ``shapes.py``.
"""

from __future__ import annotations

from dataclasses import replace

from .rule import Rule

#: The pattern for a name with other meanings: a ``token`` of a language model is a word, so a secret must look random.
_LOOKS_SECRET = rb"(?=.*\d)[\w.~+/=:|-]{16,}"
_BASE64 = rb"[0-9A-Za-z+/]{32,}={0,2}"
#: The pattern for names of which only the end tells: random letters, no words, path, date or UUID. It is a row of mixed
#: letters and digits, hexadecimal, or base64.
_LOOKS_RANDOM = (
    rb"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w.~+=-]{20,}|(?=.*\d)(?=.*[A-Fa-f])(?:[0-9a-f]{20,}|[0-9A-F]{20,})"
    rb"|(?=.*\d)[0-9A-Za-z+/]{22,}={1,2}|(?=.*\d)(?=(?:.*[A-Z]){6})(?=(?:.*[a-z]){6})[0-9A-Za-z+/]{32,}"
)
_HEX = rb"[0-9a-f]{32,}"
#: The pattern for names that may ask whether there is a password.
_NO_ANSWER = rb"(?s)(?!(?i:true|false|yes|no|on|off|null|none|\d)\Z).+"
#: A word, or what stands for a value in code: ``os.environ[``, ``settings.PASSWORD``, ``${PASSWORD}``, ``%s``.
_WORD_OR_CODE = rb"(?:[A-Za-z]?[a-z]*|[A-Z]+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:[\[(].*)?|\$\{?\w+\}?|%s)\Z"
#: The pattern for passwords in responses: no message (``is too short``), no single word (``required``) or digit.
_LOOKS_CHOSEN = rb"(?s)(?!" + _WORD_OR_CODE + rb")(?!\d\Z)\S+"
#: A text of several words without a digit, or of more than two, unless it is a connection string or a key in lines.
_SENTENCE = rb"[^=;\n]*\s[^=;\n]*\s[^=;\n]*\Z|[^\d=;\n]*\s[^\d=;\n]*\Z"
#: The pattern for values in responses: long and mixed, as a service generates them. Other values are those of a test.
_LOOKS_MADE = rb"(?s)(?!" + _SENTENCE + rb")(?:(?=.*\d).{12,}|(?=.*[a-z])(?=.*[A-Z]).{16,})"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# fmt: off
HEADERS = (
    Rule("ACCESS_TOKEN", "header", _names("authorization proxy-authorization"),
         vector="Authorization: Bearer {a40}", counter_example="WWW-Authenticate: Bearer realm=api", source="RFC 9110"),
    Rule("ACCESS_TOKEN", "header", _names(
             "circle-token deploy-token job-token private-token x-access-token x-amzn-oidc-accesstoken x-auth-token "
             "x-authorization x-consul-token x-figma-token x-forwarded-access-token x-forwarded-authorization "
             "x-github-token x-gitlab-token x-honeycomb-team x-ms-authorization-auxiliary "
             "x-ms-copy-source-authorization x-nomad-token x-plex-token x-postmark-account-token "
             "x-postmark-server-token x-rollbar-access-token x-shopify-access-token "
             "x-shopify-storefront-access-token x-subject-token x-subscription-token x-vault-token "
             "access-token aeg-sas-token auth-token kong-admin-token servicebusdlqsupplementaryauthorization "
             "servicebussupplementaryauthorization session-token supplementaryauthorization x-amz-s3session-token "
             "x-amzn-oidc-data x-app-token x-appwrite-jwt x-buildkite-token x-cassandra-token x-client-token "
             "x-firebase-appcheck x-goog-iam-authorization-token x-identity-header x-jwt x-papertrail-token "
             "x-registry-auth x-registry-config x-sentry-auth x-service-token x-sf-token x-tableau-auth x-token "
             "x-trackertoken x-user-token x-vercel-protection-bypass x-zumo-auth "
             "*-access-token *-api-token *-auth-token *-authorization *-id-token *-jwt-assertion *-refresh-token "
             "*-session-token *-private-token *-secret-token"),
         vector="X-Auth-Token: {a40}", counter_example="X-Request-Id: {h32}",
         source="GitLab, HashiCorp, OpenStack, Shopify, Figma, CircleCI, Postmark, Azure, AWS, Google, Docker, "
                "Telegram, Cloudflare Access, Sentry, Splunk, Buildkite"),
    Rule("ACCESS_TOKEN", "header", ("token",), _LOOKS_SECRET,
         vector="Token: 4{a39}", counter_example="Token: next", source="gitleaks generic-api-key"),
    Rule("API_KEY", "header", _names(
             "accesskey api-key apikey dd-api-key dd-application-key fastly-key ocp-apim-subscription-key "
             "subscription-key x-algolia-api-key x-api-key x-apikey x-auth-key x-cg-pro-api-key x-cmc_pro_api_key "
             "x-functions-key x-goog-api-key x-insert-key x-jfrog-art-api x-license-key x-mashape-key x-master-key "
             "x-n8n-api-key x-nuget-apikey x-octopus-apikey x-query-key x-rapidapi-key x-redmine-api-key "
             "x-typesense-api-key xi-api-key aeg-sas-key x-app-key x-appwrite-key x-auth-user-service-key x-lc-key "
             "x-parse-master-key x-pendo-integration-key *-access-key *-api-key *-apikey"),
         vector="X-Api-Key: {a32}", counter_example="Idempotency-Key: {h32}",
         source="Azure, Google, Datadog, Fastly, Algolia, Cloudflare, New Relic, RapidAPI, NuGet, Coinbase, Parse"),
    Rule("AWS_SESSION_TOKEN", "header", _names("x-amz-security-token x-aws-ec2-metadata-token"),
         vector="X-Amz-Security-Token: {b200}", counter_example="X-Amz-Date: 20260101T000000Z", source="AWS SigV4"),
    Rule("CLIENT_SECRET", "header", _names("api-secret x-api-secret x-secret-key *-secret"),
         vector="CF-Access-Client-Secret: {h64}", counter_example="CF-Access-Client-Id: {h32}",
         source="Cloudflare Access, Hasura, Pinata"),
    Rule("CONNECTION_STRING", "header", _names("uptrace-dsn"),
         vector="Uptrace-Dsn: https://{a24}@a.example/1", counter_example="Upgrade: h2c", source="Uptrace"),
    Rule("CSRF_TOKEN", "header", _names(
             "anti-csrf-token csrf-token jenkins-crumb requestverificationtoken x-csrf-token x-csrftoken x-qlik-xrfkey "
             "x-splunk-form-key x-xsrf-token"),
         identifies=False,
         vector="X-CSRF-Token: {a40}", counter_example="X-Frame-Options: DENY",
         source="Django, Rails, Angular, ASP.NET, Jenkins, Splunk"),
    Rule("OTP", "header", _names("x-auth-otp x-gitea-otp x-github-otp npm-otp"), chosen=True, identifies=False,
         vector="X-GitHub-OTP: {d6}", counter_example="X-GitHub-Media-Type: github.v3", source="GitHub, Gitea, npm"),
    Rule("PASSWORD", "header", _names("password x-password *-passphrase *-password"), chosen=True,
         vector="OK-ACCESS-PASSPHRASE: {a12}", counter_example="X-Password-Policy: strong",
         source="Coinbase, OKX, KuCoin"),
    Rule("PRIVATE_KEY", "header", _names("*-encryption-customer-key *-encryption-key"),
         vector="x-ms-encryption-key: {b43}=", counter_example="x-ms-encryption-key-sha256: {b43}=",
         source="Azure Storage, Amazon S3 (SSE-C), Google Cloud Storage"),
    Rule("SIGNATURE", "header", _names(
             "signature stripe-signature x-amz-signature x-hub-signature x-hub-signature-256 x-shopify-hmac-sha256 "
             "x-slack-signature x-twilio-signature"),
         on="request", identifies=False,  # (a client may check the signature of a response, which opens nothing)
         vector="X-Hub-Signature-256: sha256={h64}", counter_example="Digest: sha-256={b43}=",
         source="RFC 9421, AWS, GitHub, Shopify, Slack, Stripe, Twilio"),
    Rule("SIGNATURE", "header", _names(
             "api-sign paypal-transmission-sig x-bapi-sign x-hubspot-signature-v3 x-signature-ed25519 "
             "x-square-hmacsha256-signature *-access-sign *-api-sign *-hmac-sha256 *-signature"),
         on="request", identifies=False,
         vector="Linear-Signature: {h64}", counter_example="X-Signature-Version: 2",
         source="PayPal, HubSpot, Discord, Square, Linear, Zoom, LINE, Coinbase, OKX, Kraken, Svix"),
)

#: The first rule with the name of a cookie counts. A cookie with any other name is a secret if its value is long
#: enough.
COOKIES = (
    Rule("ACCESS_TOKEN", "cookie", _names("access_token auth auth_token jwt token"),
         vector="Cookie: access_token={a40}", counter_example="Accept: access_token={a40}", source="OWASP"),
    Rule("CSRF_TOKEN", "cookie", _names("_csrf csrf csrf_token csrftoken xsrf-token"), identifies=False,
         vector="Cookie: csrftoken={a32}", counter_example="Accept: csrftoken={a32}", source="Django, Angular"),
    Rule("REFRESH_TOKEN", "cookie", _names("refresh_token"),
         vector="Cookie: refresh_token={a40}", counter_example="Accept: refresh_token={a40}", source="RFC 6749"),
    Rule("SESSION", "cookie", _names(
             "_gitlab_session asp.net_sessionid connect.sid jsessionid laravel_session phpsessid sess session "
             "session_id session_token sessionid sid user_session"),
         vector="Set-Cookie: sessionid={l32}; Path=/; HttpOnly", counter_example="Accept: sessionid={l32}",
         source="OWASP, Django, Express, Java, PHP, ASP.NET, Laravel, GitLab"),
    Rule("COOKIE", "cookie", ("*",), rb"(?=.*\d).{12,}",
         vector="Cookie: visitor=4{a15}", counter_example="Cookie: theme=dark", source="RFC 6265"),
)

#: These names count for the fields of a body, too, except for those in ``FIELDS``.
QUERY = (
    Rule("ACCESS_TOKEN", "query", _names(
             "access_token api_token auth_token authorization bearer_token job_token jwt oauth_token private_token "
             "user_token x-plex-token"),
         vector="https://a.example/?access_token={a40}", counter_example="https://a.example/?page_token={a40}",
         source="RFC 6750, GitLab, gitleaks generic-api-key"),
    Rule("ACCESS_TOKEN", "query", _names("auth token"), _LOOKS_SECRET,
         vector="https://a.example/?token=4{a31}", counter_example="https://a.example/?token=next",
         source="gitleaks generic-api-key, Firebase"),
    Rule("ACCESS_TOKEN", "query", _names(
             "*-access-token *-activation-token *-admin-token *-agent-token *-api-token *-auth-token *-bearer-token "
             "*-bot-token *-confirmation-token *-deploy-token *-github-token *-gitlab-token *-identity-token "
             "*-invitation-token *-jwt *-login-token *-npm-token *-oauth-token *-password-token *-personal-token "
             "*-private-token *-push-token *-registration-token *-registry-token *-reset-token *-root-token "
             "*-runner-token *-secret-token *-security-token *-service-token *-session-token *-slack-token "
             "*-unlock-token *-user-token *-vault-token *-verification-token *-webhook-token"), _LOOKS_RANDOM,
         vector="SLACK_BOT_TOKEN=4aB{a31}", counter_example='{"next_page_token": "4aB{a31}"}',
         source="gitleaks generic-api-key, Devise"),
    Rule("API_KEY", "query", _names(
             "access_key api_key apikey app_key appkey hapikey subscription-key x-api-key"),
         vector="https://a.example/?api_key={a32}", counter_example="https://a.example/?key=name",
         source="Azure, gitleaks generic-api-key, HubSpot, apilayer"),
    Rule("API_KEY", "query", _names("appid"), _HEX, on="request",
         vector="https://a.example/?appid={h32}", counter_example="https://a.example/?appid=730",
         source="OpenWeather"),
    Rule("API_KEY", "query", _names(
             "*-access-key *-account-key *-api-key *-apikey *-app-key *-auth-key *-authentication-key *-function-key "
             "*-integration-key *-license-key *-master-key *-service-key *-service-role-key *-shared-key *-storage-key "
             "*-subscription-key"), _LOOKS_RANDOM,
         vector='{"openaiApiKey": "4aB{a31}"}', counter_example='{"authenticationKeyType": "4aB{a31}"}',
         source="gitleaks generic-api-key, Azure, PagerDuty, Supabase"),
    Rule("ASSERTION", "query", _names("client_assertion samlrequest samlresponse"), identifies=False,
         vector="https://a.example/?SAMLRequest={a80}", counter_example="https://a.example/?RelayState={a20}",
         source="RFC 7523, SAML 2.0"),
    Rule("AWS_SESSION_TOKEN", "query", _names("x-amz-security-token"),
         vector="https://a.example/?X-Amz-Security-Token={a200}", counter_example="https://a.example/?X-Amz-Expires=60",
         source="AWS SigV4"),
    Rule("CLIENT_SECRET", "query", _names("app_secret appsecret client_secret consumer_secret secret_key"),
         vector="https://a.example/?client_secret={a32}", counter_example="https://a.example/?client_id={a32}",
         source="RFC 6749"),
    Rule("CLIENT_SECRET", "query", ("secret",), _LOOKS_SECRET,
         vector="https://a.example/?secret=4{h31}", counter_example="https://a.example/?secret=my-name",
         source="gitleaks generic-api-key, otpauth"),
    Rule("CLIENT_SECRET", "query", _names("*-hmac-key *-secret *-secret-key *-secret-value *-signing-key"),
         _LOOKS_RANDOM,
         vector="STRIPE_WEBHOOK_SECRET=4aB{a31}", counter_example='{"imagePullSecret": "registry-4"}',
         source="gitleaks generic-api-key"),
    Rule("ID_TOKEN", "query", _names("id_token id_token_hint"),
         vector="https://a.example/#id_token={a80}", counter_example="https://a.example/?id={h32}",
         source="OpenID Connect"),
    Rule("OAUTH_CODE", "query", _names("auth_code authorization_code code oob_code ticket"), _LOOKS_RANDOM,
         identifies=False,
         vector="https://a.example/cb?code=4/0aB{a40}", counter_example="https://a.example/?code=US",
         source="RFC 6749, CAS, Firebase, Azure Functions"),
    Rule("OAUTH_CODE", "query", ("oauth_verifier",), identifies=False,
         vector="https://a.example/cb?oauth_verifier={a32}", counter_example="https://a.example/?oauth_version=1.0",
         source="RFC 5849"),
    Rule("PASSWORD", "query", _names("pass passphrase passwd password pwd"), chosen=True,
         vector="https://a.example/?password={a12}", counter_example="https://a.example/?passenger=2",
         source="gitleaks generic-api-key"),
    Rule("PASSWORD", "query", _names("*-passphrase *-passwd *-password *-pwd"), _NO_ANSWER, chosen=True,
         vector="MYSQL_ROOT_PASSWORD={a12}", counter_example="forgot_password=true",
         source="Azure, Django, gitleaks generic-api-key"),
    Rule("PRIVATE_KEY", "query", _names("*-decryption-key *-encryption-key *-private-key"), _LOOKS_RANDOM,
         vector='{"WEBSITE_AUTH_ENCRYPTION_KEY": "4aBc{h60}"}',
         counter_example='{"kms_encryption_key": "projects/a/cryptoKeys/b"}', source="Azure, WireGuard"),
    Rule("REFRESH_TOKEN", "query", ("refresh_token",),
         vector="https://a.example/?refresh_token={a40}", counter_example="https://a.example/?refresh=true",
         source="RFC 6749"),
    Rule("REFRESH_TOKEN", "query", _names("*-refresh-token"), _LOOKS_RANDOM,
         vector='{"google_refresh_token": "4aB{a40}"}', counter_example='{"refresh_tokens": 2}', source="RFC 6749"),
    Rule("SIGNATURE", "query", _names(
             "api_sig auth_signature hmac oauth_signature sig signature x-amz-signature x-goog-signature"),
         identifies=False,
         vector="https://a.example/?X-Amz-Signature={h64}", counter_example="https://a.example/?signed=true",
         source="AWS SigV4, Azure SAS, Google Cloud Storage, OAuth 1.0, Shopify, Flickr, Pusher"),
)

FIELDS = (
    Rule("ACCESS_TOKEN", "field", _names(
             "access_token acr_access_token acr_token api_token auth_token bearer_token job_token jwt oauth_token "
             "oauth_token_secret personal_access_token private_token user_token"),
         vector='{"access_token": "{a40}"}', counter_example='{"access_token_url": "https://a.example/"}',
         source="RFC 6749, Azure, gitleaks generic-api-key"),
    Rule("ACCESS_TOKEN", "field", _names("auth authorization identity_token registry_token token"), _LOOKS_SECRET,
         vector='{"token": "4{h39}"}', counter_example='{"token": "Hello"}', source="gitleaks generic-api-key"),
    Rule("API_KEY", "field", _names(
             "api_key apikey app_key master_api_key primary_api_key subscription_key x-api-key"),
         vector='{"api_key": "{a32}"}', counter_example='{"api_key_id": 7}', source="Azure, gitleaks generic-api-key"),
    Rule("API_KEY", "field", _names(
             "access_key account_key auth_key authentication_key function_key key1 key2 master_key primary_key "
             "primary_master_key primary_readonly_master_key routing_key secondary_key secondary_master_key "
             "secondary_readonly_master_key service_key shared_access_key shared_key storage_account_key "
             "storage_account_primary_key"), _BASE64,
         vector='{"primaryKey": "{b43}="}', counter_example='{"primary_key": "id"}', source="Azure, PagerDuty"),
    Rule("ASSERTION", "field", _names(
             "assertion client_assertion saml_assertion samlrequest samlresponse subject_token"), identifies=False,
         vector="grant_type=x&assertion={a80}", counter_example="assertions=12", source="RFC 7521, RFC 8693, SAML 2.0"),
    Rule("AWS_SECRET_KEY", "field", _names("aws_secret_access_key secret_access_key"),
         vector='{"SecretAccessKey": "{b40}"}', counter_example='{"Version": 1}', source="AWS STS"),
    Rule("AWS_SESSION_TOKEN", "field", _names("aws_session_token session_token"),
         vector='{"SessionToken": "{b200}"}', counter_example='{"session": "open"}', source="AWS STS"),
    Rule("CLIENT_SECRET", "field", _names(
             "aad_client_secret app_secret application_secret client_secret consumer_secret fencing_client_secret "
             "key_vault_client_secret secret_key shared_secret signing_secret webhook_secret"),
         vector="client_id=a&client_secret={a32}", counter_example='{"client_secret_expires_at": 0}',
         source="RFC 6749, RFC 7591, Azure, Slack"),
    Rule("CLIENT_SECRET", "field", _names("mfa_secret otp_secret secret secret_code totp_secret"), _LOOKS_SECRET,
         vector='{"secret": "4{h31}"}', counter_example='{"secret": "my-secret-name"}',
         source="gitleaks generic-api-key, Amazon Cognito"),
    Rule("CLIENT_SECRET", "field", _names("secret_binary secret_string"), rb"(?s)(?![\[{\s])(?=.*\d).{12,}",
         vector='{"SecretString": "4{a31}"}', counter_example='{"SecretString": "{\\"user\\": 1}"}',
         source="AWS Secrets Manager"),
    Rule("CODE_VERIFIER", "field", ("code_verifier",), identifies=False,
         vector="grant_type=authorization_code&code_verifier={a43}", counter_example="code_challenge_method=S256",
         source="RFC 7636"),
    Rule("CONNECTION_STRING", "field", _names(
             "access_sas alias_primary_connection_string alias_secondary_connection_string connection_string "
             "container_sas_uri primary_connection_string sas_token sas_uri secondary_connection_string "
             "shared_access_signature"),
         vector='{"connectionString": "Endpoint=sb://a/;Key={a40}"}', counter_example='{"connection": "keep-alive"}',
         source="Azure"),
    Rule("CONNECTION_STRING", "field", _names("*-sas *-sas-token *-sas-uri *-sas-url"), rb"(?s)(?:.*[?&\s])?sig=.*",
         vector='{"storageContainerReadListSas": "sig={a43}"}', counter_example='{"blobSas": "none"}',
         source="Azure"),
    Rule("CSRF_TOKEN", "field", _names(
             "__requestverificationtoken _csrf _csrf_token _xsrf anti_csrf_token authenticity_token csrf_token "
             "csrfmiddlewaretoken xsrf_token"),
         identifies=False,
         vector="csrfmiddlewaretoken={a64}", counter_example='{"csrf_enabled": true}', source="Django, Rails, ASP.NET"),
    Rule("CSRF_TOKEN", "field", _names("_token _wpnonce crumb form_key"), rb"(?=.*\d)[\w-]{10,}", identifies=False,
         vector="_token=4{a39}", counter_example='{"crumb": "Home"}',
         source="Laravel, WordPress, Jenkins, Magento"),
    Rule("DEVICE_CODE", "field", ("device_code",), identifies=False,
         vector='{"device_code": "{a40}"}', counter_example='{"verification_uri": "https://a.example/"}',
         source="RFC 8628"),
    Rule("ID_TOKEN", "field", ("id_token",),
         vector='{"id_token": "{a80}"}', counter_example='{"id_tokens": 2}', source="OpenID Connect"),
    Rule("OTP", "field", _names(
             "2fa_code backup_code mfa_code one_time_password otp otp_attempt otp_code passcode recovery_code sms_code "
             "tfa_code totp totp_code two_factor_code verification_code"), rb".*\d.*", chosen=True,
         identifies=False,
         vector="user=a&otp={d6}", counter_example='{"otp_code": "required"}',
         source="gitleaks generic-api-key, Okta, GitLab"),
    Rule("PASSWORD", "field", _names(
             "admin_password administrator_login_password certificate_password confirm_password current_password "
             "db_password docker_registry_server_password fencing_client_password login_password new_password "
             "old_password pass passphrase passwd password password1 password2 password_confirmation password_digest "
             "password_hash pfx_password pwd run_as_password sa_password smtp_password ssh_password user_password "
             "db_pass secure_string smtp_pass"), chosen=True,
         vector="user=a&password={a12}", counter_example='{"password_reset_url": "https://a.example/"}',
         source="Azure, Django, gitleaks generic-api-key"),
    Rule("PRIVATE_KEY", "field", _names(
             "decryption_key encryption_key host_key private_key private_key_pem ssh_private_key"),
         vector='{"private_key": "{b64}"}', counter_example='{"private_key_id": "{h40}"}',
         source="Google Cloud service accounts, Azure"),
    Rule("REFRESH_TOKEN", "field", ("refresh_token",),
         vector='{"refresh_token": "{a40}"}', counter_example='{"refresh_token_expires_in": 3600}', source="RFC 6749"),
    Rule("SESSION", "field", _names(
             "_gitlab_session asp.net_sessionid connect.sid jsessionid laravel_session phpsessid user_session"),
         vector="JSESSIONID={u32}", counter_example='{"sessions": 2}',
         source="OWASP: cookies in JSON"),
    Rule("SIGNATURE", "field", _names("oauth_signature secret_hash sig signature"), on="request", identifies=False,
         vector="a=1&signature={h64}", counter_example='{"signature_version": 4}',
         source="OAuth 1.0, AWS, Amazon Cognito"),
)

OTHERS = (
    Rule("PASSWORD", "userinfo", answered=_LOOKS_CHOSEN, chosen=True,
         vector="https://user:{a12}@a.example/", counter_example="https://a.example/@user", source="RFC 3986"),
    Rule("SECRET", "env", _names("*_dsn *_key *_secret *_token"),
         vector="{a24}", counter_example="{a11}", source="gitleaks generic-api-key, Sentry"),
    Rule("PASSWORD", "env", _names("*_password"), chosen=True,
         vector="{a24}", counter_example="{a11}", source="gitleaks generic-api-key"),
)
# fmt: on


def _answered(rule: Rule) -> Rule:
    """``rule`` with a pattern for responses. A rule that has a pattern, and is for no password, stays as it is."""
    if rule.name == "PASSWORD":
        return replace(rule, answered=_LOOKS_CHOSEN)
    return rule if rule.chosen or rule.pattern else replace(rule, answered=_LOOKS_MADE)


RULES = (*map(_answered, (*HEADERS, *COOKIES, *QUERY, *FIELDS)), *OTHERS)
