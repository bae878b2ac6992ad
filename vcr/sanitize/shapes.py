"""The default rules that go by shape: a table of what the tokens of well-known services look like. It must not know how
a token is looked for or replaced.

The shapes are facts. They come from the rules of gitleaks (MIT licence, https://github.com/gitleaks/gitleaks,
``config/gitleaks.toml``), whose ids are in the last column, and from the documentation of the services.
``python -m tests.secrets.check_rules`` compares the table with those rules. A token without a shape of its own (32
letters that are a token only beside the name of a service) is left out.

The columns:

1. the name that a placeholder shows,
2. the pattern,
3. the keywords: one of them stands in every text that the pattern finds; empty if the pattern begins with fixed
   letters,
4. an example of a token, and 5. a similar text that is no token; in both, ``{a36}`` stands for 36 made-up letters of
   the alphabet ``a`` (``tests/secrets/made.py``), so that no scanner takes this file for a leak,
6. the source.
"""

from __future__ import annotations

import re

from .rule import Rule

WORD_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
TEXT_LETTERS = WORD_LETTERS + b"+/="
#: So many of these letters in a row, or more, may be a token.
SHORTEST_WORD, SHORTEST_TEXT = 18, 37
#: If one of these marks stands before a word, the keyword may stand before the mark, within so many bytes.
MARKS, BEFORE = b".~:", 20
#: The most bytes that a token of ``BLOCKS`` has before its keyword.
BEFORE_BLOCK = 48

#: No letter may stand before or behind a token, and no escape behind it, which may be one of its letters: the whole
#: token is found in the view with that escape undone.
_BEFORE, _AFTER = rb"(?<![0-9A-Za-z])", rb"(?![0-9A-Za-z]|%[0-9A-Fa-f]{2}|\\[ux/])"
#: The fixed letters with which a pattern begins: a letter with a repetition count behind it does not belong to them.
_LITERAL = re.compile(rb"(?:[\w ~/-]|\\\.)+(?![{?*+])")

_UUID = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _rule(name: str, pattern: bytes, keywords: str, *rest: str) -> Rule:
    vector, counter_example, source = rest
    literal = _LITERAL.match(pattern)
    begins = (literal[0].replace(b"\\.", b"."),) if literal and not keywords else ()
    return Rule(
        name,
        "shape",
        pattern=_BEFORE + pattern + _AFTER,
        keywords=begins or tuple(word.encode("ascii") for word in keywords.split()),
        vector=vector,
        counter_example=counter_example,
        source=source,
    )


# fmt: off
#: Tokens that have a word (SHORTEST_WORD or more of WORD_LETTERS) with a keyword in the word, or before it.
WORDS = tuple(_rule(*row) for row in (
    ("ADOBE_CLIENT_SECRET", rb"p8e-[0-9A-Za-z]{32}", "", "p8e-{a32}", "p8e-{a20}", "adobe-client-secret"),
    ("AGE_SECRET_KEY", rb"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}", "",
     "AGE-SECRET-KEY-1{c58}", "AGE-SECRET-KEY-1{c20}", "age-secret-key"),
    ("AIRTABLE_TOKEN", rb"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}", "pat", "pat{a14}.{h64}", "pat{a14}.{h32}",
     "airtable-personnal-access-token"),
    ("ALIBABA_ACCESS_KEY", rb"LTAI[0-9A-Za-z]{20}", "", "LTAI{a20}", "LTAI{a14}", "alibaba-access-key-id"),
    ("ANTHROPIC_API_KEY", rb"sk-ant-[a-z]{3,8}\d\d-[\w-]{20,200}", "sk-ant-",
     "sk-ant-api03-{w93}AA", "sk-ant-api03-{w9}", "anthropic-api-key, anthropic-admin-api-key"),
    ("ARTIFACTORY_API_KEY", rb"AKCp[0-9A-Za-z]{69}", "", "AKCp{a69}", "AKCp{a40}", "artifactory-api-key"),
    ("ARTIFACTORY_TOKEN", rb"cmVmd[0-9A-Za-z]{59}", "", "cmVmd{a59}", "cmVmd{a40}", "artifactory-reference-token"),
    ("ATLASSIAN_API_TOKEN", rb"ATATT3[\w-]{100,300}(?:=[0-9A-F]{8})?", "ATATT3",
     "ATATT3{w186}", "ATATT3{w50}", "atlassian-api-token"),
    ("AWS_ACCESS_KEY", rb"(?:A3T[0-9A-Z]|AKIA|ASIA|ABIA|ACCA)(?!\w{9}EXAMPLE)[2-7A-Z]{16}", "A3T AKIA ASIA ABIA ACCA",
     "AKIA{v16}", "AKIA{v9}EXAMPLE", "aws-access-token"),
    ("AWS_BEDROCK_API_KEY", rb"bedrock-api-key-" rb"YmVkcm9jay5hbWF6b25hd3MuY29t[0-9A-Za-z+/]{40,4000}={0,2}",
     "bedrock-api-key-", "bedrock-api-key-" "YmVkcm9jay5hbWF6b25hd3MuY29t{b80}", "bedrock-api-key-{b80}",
     "aws-amazon-bedrock-api-key-short-lived"),
    ("CLICKHOUSE_API_KEY", rb"4b1d[0-9A-Za-z]{38}", "", "4b1d{a38}", "4b1d{h36}", "clickhouse-cloud-api-secret-key"),
    ("CLOJARS_TOKEN", rb"CLOJARS_[0-9A-Za-z]{60}", "", "CLOJARS_{l60}", "CLOJARS_{l30}", "clojars-api-token"),
    ("CLOUDFLARE_CA_KEY", rb"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}", "", "v1.0-{h24}-{h146}", "v1.0-{h24}-{h46}",
     "cloudflare-origin-ca-key"),
    ("DATABRICKS_TOKEN", rb"dapi[0-9a-f]{32}(?:-\d)?", "dapi", "dapi{h32}", "dapi{h20}", "databricks-api-token"),
    ("DEFINED_NETWORKING_KEY", rb"dnkey-[\w-]{26}-[\w-]{52}", "",
     "dnkey-{u26}-{u52}", "dnkey-{u26}", "defined-networking-api-token"),
    ("DIGITALOCEAN_TOKEN", rb"do[opr]_v1_[0-9a-f]{64}", "doo_v1_ dop_v1_ dor_v1_", "dop_v1_{h64}", "dop_v1_{h32}",
     "digitalocean-pat, digitalocean-access-token, digitalocean-refresh-token"),
    ("DOCKER_TOKEN", rb"dckr_[op]at_[\w-]{27,64}", "dckr_", "dckr_pat_{w27}", "dckr_pat_{w12}", "Docker Hub"),
    ("DOPPLER_TOKEN", rb"dp\.[a-z]{2,5}\.(?:[\w-]{2,35}\.)?[0-9A-Za-z]{40,44}", "dp.", "dp.pt.{a43}", "dp.pt.{a20}",
     "doppler-api-token"),
    ("DROPBOX_TOKEN", rb"sl\.(?:u\.)?[\w-]{130,1500}", "sl.", "sl.{w135}", "sl.{w60}", "dropbox-short-lived-api-token"),
    ("DUFFEL_TOKEN", rb"duffel_(?:test|live)_[\w-]{43}", "duffel_",
     "duffel_test_{w43}", "duffel_test_{w20}", "duffel-api-token"),
    ("DYNATRACE_TOKEN", rb"dt0c01\.[0-9A-Za-z]{24}\.[0-9A-Za-z]{64}", "", "dt0c01.{u24}.{u64}", "dt0c01.{u24}.{u9}",
     "dynatrace-api-token"),
    ("EASYPOST_API_KEY", rb"EZ[AT]K[0-9A-Za-z]{54}", "EZAK EZTK",
     "EZAK{a54}", "EZAK{a30}", "easypost-api-token, easypost-test-api-token"),
    ("FACEBOOK_PAGE_TOKEN", rb"EAA[CM][0-9A-Za-z]{100,400}", "EAAC EAAM",
     "EAAC{a120}", "EAAC{a60}", "facebook-page-access-token"),
    ("FIGMA_TOKEN", rb"figd_[\w-]{40,64}", "", "figd_{w40}", "figd_{w20}", "Figma"),
    ("FLUTTERWAVE_KEY", rb"FLW(?:SECK|PUBK)_TEST-[0-9A-Ha-h]{12,32}(?:-X)?", "FLWSECK_TEST FLWPUBK_TEST",
     "FLWSECK_TEST-{h32}-X", "FLWSECK_TEST-{h8}",
     "flutterwave-encryption-key, flutterwave-public-key, flutterwave-secret-key"),
    ("FLY_TOKEN", rb"fo1_[\w-]{43}", "", "fo1_{w43}", "fo1_{w20}", "flyio-access-token"),
    ("FRAMEIO_TOKEN", rb"fio-u-[\w-]{64}", "", "fio-u-{w64}", "fio-u-{w30}", "frameio-api-token"),
    ("GITHUB_TOKEN", rb"gh[oprsu]_[0-9A-Za-z]{36,255}", "gho_ ghp_ ghr_ ghs_ ghu_",
     "ghp_{a36}", "ghp_{a30}", "github-pat, github-oauth, github-app-token, github-refresh-token"),
    ("GITHUB_TOKEN", rb"github_pat_\w{36,255}", "", "github_pat_{a22}_{a59}", "github_pat_{a20}",
     "github-fine-grained-pat"),
    ("GITLAB_TOKEN", rb"gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat)-[\w-]{20,300}(?:\.[0-9a-z]{9})?",
     "glagent- glcbt- gldt- glffct- glft- glimt- gloas- glpat- glptt- glrt- glsoat-", "glpat-{w20}", "glpat-{w12}",
     "gitlab-cicd-job-token, gitlab-deploy-token, gitlab-feature-flag-client-token, gitlab-feed-token, "
     "gitlab-incoming-mail-token, gitlab-kubernetes-agent-token, gitlab-oauth-app-secret, gitlab-pat, "
     "gitlab-pat-routable, gitlab-ptt, gitlab-runner-authentication-token, "
     "gitlab-runner-authentication-token-routable, gitlab-scim-token"),
    ("GITLAB_TOKEN", rb"GR1348941[\w-]{20,50}", "GR1348941", "GR1348941{w20}", "GR1348941{w10}", "gitlab-rrt"),
    ("GOOGLE_ACCESS_TOKEN", rb"ya29\.[\w-]{30,2048}", "", "ya29.{w120}", "ya29.{w12}", "Google OAuth 2.0"),
    ("GOOGLE_API_KEY", rb"AIza[\w-]{35}", "", "AIza{w35}", "AIza{w20}", "gcp-api-key"),
    ("GOOGLE_CLIENT_SECRET", rb"GOCSPX-[\w-]{28}", "", "GOCSPX-{w28}", "GOCSPX-{w12}", "Google Cloud"),
    ("GRAFANA_API_KEY", rb"eyJrIjoi[0-9A-Za-z]{70,400}={0,3}", "eyJrIjoi", "eyJrIjoi{a90}", "eyJrIjoi{a20}",
     "grafana-api-key"),
    ("GRAFANA_TOKEN", rb"glsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8}", "",
     "glsa_{a32}_{h8}", "glsa_{a32}", "grafana-service-account-token"),
    ("GROQ_API_KEY", rb"gsk_[0-9A-Za-z]{52}", "", "gsk_{a52}", "gsk_{a20}", "Groq"),
    ("HARNESS_KEY", rb"[ps]at\.[\w-]{22}\.[0-9A-Za-z]{24}\.[0-9A-Za-z]{20}", "pat. sat.",
     "pat.{w22}.{a24}.{a20}", "pat.{w22}.{a24}", "harness-api-key"),
    ("HEROKU_API_KEY", rb"HRKU-AA[\w-]{58}", "HRKU-AA", "HRKU-AA{w58}", "HRKU-AA{w20}", "heroku-api-key-v2"),
    ("HUGGING_FACE_TOKEN", rb"hf_[0-9A-Za-z]{34,64}", "", "hf_{p34}", "hf_{p20}", "huggingface-access-token"),
    ("HUGGING_FACE_TOKEN", rb"api_org_[0-9A-Za-z]{34}", "", "api_org_{p34}", "api_org_{p20}",
     "huggingface-organization-api-token"),
    ("INFRACOST_API_KEY", rb"ico-[0-9A-Za-z]{32}", "", "ico-{a32}", "ico-{a20}", "infracost-api-token"),
    ("INTRA42_SECRET", rb"s-s4t2(?:ud|af)-[0-9A-Fa-f]{64}", "s-s4t2", "s-s4t2ud-{h64}", "s-s4t2ud-{h20}",
     "intra42-client-secret"),
    ("JWT", rb"(?P<secret>eyJ[\w-]{15,4096}\.(?:eyJ[\w-]{15,4096}\.[\w-]{0,1024}|[\w-]{0,1024}(?:\.[\w-]{1,4096}){3}))",
     "eyJ", "eyJhbGciOiJIUzI1NiJ9.eyJ{a40}.{w43}", "eyJhbGciOiJIUzI1NiJ9.{w10}", "jwt"),
    ("KUBERNETES_TOKEN", rb"bearer\.authorization\.k8s\.io\.(?P<secret>[\w-]{20,4096})", ".k8s.io.",
     "base64url.bearer.authorization.k8s.io.{w43}", "base64url.bearer.authorization.k8s.io", "Kubernetes"),
    ("LANGSMITH_API_KEY", rb"lsv2_[a-z]{2}_[0-9a-f]{32}_[0-9a-f]{10}", "lsv2_", "lsv2_pt_{h32}_{h10}", "lsv2_pt_{h32}",
     "LangSmith"),
    ("LINEAR_API_KEY", rb"lin_(?:api|oauth)_[0-9A-Za-z]{40,64}", "lin_api_ lin_oauth_", "lin_api_{a40}",
     "lin_api_{a20}",
     "linear-api-key"),
    ("MAILCHIMP_API_KEY", rb"[0-9a-f]{32}-us\d{1,2}", "-us", "{h32}-us12", "{h30}-us12", "mailchimp-api-key"),
    ("MAILGUN_KEY", rb"(?<![\w-])(?:pub)?key-[0-9a-f]{32}", "key-", "key-{h32}", "cache-key-{h32}",
     "mailgun-private-api-token, mailgun-pub-key"),
    ("MAPBOX_TOKEN", rb"sk\.eyJ[\w-]{40,200}\.[\w-]{22}", "sk.eyJ", "sk.eyJ{w60}.{w22}", "sk.eyJ{w60}", "Mapbox"),
    ("MAXMIND_LICENSE_KEY", rb"[0-9A-Za-z]{6}_[0-9A-Za-z]{29}_mmk", "_mmk", "{a6}_{a29}_mmk", "{a6}_{a20}_mmk",
     "maxmind-license-key"),
    ("NEW_RELIC_KEY", rb"NR(?:AK-[0-9A-Za-z]{27}|II-[\w-]{32}|JS-[0-9a-f]{19})", "NRAK- NRII- NRJS-",
     "NRAK-{u27}", "NRAK-{u20}", "new-relic-user-api-key, new-relic-insert-key, new-relic-browser-api-token"),
    ("NOTION_TOKEN", rb"ntn_\d{11}[0-9A-Za-z]{35}", "ntn_", "ntn_{d11}{a35}", "ntn_{d11}{a9}", "notion-api-token"),
    ("NPM_TOKEN", rb"npm_[0-9A-Za-z]{36}", "", "npm_{a36}", "npm_{a20}", "npm-access-token"),
    ("NVIDIA_API_KEY", rb"nvapi-[\w-]{60,70}", "", "nvapi-{w64}", "nvapi-{w20}", "NVIDIA NGC"),
    ("OCTOPUS_API_KEY", rb"API-[0-9A-Z]{26}", "", "API-{u26}", "API-{u16}", "octopus-deploy-api-key"),
    ("ONEPASSWORD_SECRET_KEY", rb"A3-[0-9A-Z]{6}-(?:[0-9A-Z]{11}|[0-9A-Z]{6}-[0-9A-Z]{5})(?:-[0-9A-Z]{5}){3}", "",
     "A3-{u6}-{u11}-{u5}-{u5}-{u5}", "A3-{u6}-{u11}-{u5}-{u5}", "1password-secret-key"),
    ("OPENAI_API_KEY", rb"sk-(?:proj|svcacct|admin|or-v1)-[\w-]{40,200}",
     "sk-proj- sk-svcacct- sk-admin- sk-or-v1-", "sk-proj-{w58}T3BlbkFJ{w58}", "sk-proj-{w12}", "openai-api-key"),
    ("OPENAI_API_KEY", rb"sk-[0-9A-Za-z]{32,64}", "sk-", "sk-{a20}T3BlbkFJ{a20}", "sk-{a20}",
     "openai-api-key, DeepSeek"),
    ("OPENSHIFT_TOKEN", rb"sha256~[\w-]{43}", "", "sha256~{w43}", "sha256~{w20}", "openshift-user-token"),
    ("PERPLEXITY_API_KEY", rb"pplx-[0-9A-Za-z]{48}", "", "pplx-{a48}", "pplx-{a20}", "perplexity-api-key"),
    ("PLAID_TOKEN", rb"access-(?:sandbox|development|production)-" + _UUID,
     "access-sandbox- access-development- access-production-",
     "access-sandbox-{h8}-{h4}-{h4}-{h4}-{h12}", "access-sandbox-{h8}-{h4}", "plaid-api-token"),
    ("PLANETSCALE_TOKEN", rb"pscale_(?:tkn|oauth|pw)_[\w-]{32,64}", "pscale_", "pscale_tkn_{w43}", "pscale_tkn_{w12}",
     "planetscale-api-token, planetscale-oauth-token, planetscale-password"),
    ("POSTMAN_API_KEY", rb"PMAK-[0-9A-Fa-f]{24}-[0-9A-Fa-f]{34}", "PMAK-", "PMAK-{h24}-{h34}", "PMAK-{h24}",
     "postman-api-token"),
    ("PREFECT_API_KEY", rb"pnu_[0-9A-Za-z]{36}", "", "pnu_{a36}", "pnu_{a20}", "prefect-api-token"),
    ("PULUMI_TOKEN", rb"pul-[0-9a-f]{40}", "", "pul-{h40}", "pul-{h20}", "pulumi-api-token"),
    ("PYPI_TOKEN", rb"pypi-AgE[\w-]{50,1000}", "pypi-AgE", "pypi-AgEIcHlwaS5vcmc{w80}", "pypi-AgEIcHlwaS5vcmc{w12}",
     "pypi-upload-token"),
    ("README_API_KEY", rb"rdme_[0-9a-z]{70}", "", "rdme_{l70}", "rdme_{l30}", "readme-api-token"),
    ("REPLICATE_TOKEN", rb"r8_[0-9A-Za-z]{37}", "", "r8_{a37}", "r8_{a20}", "Replicate"),
    ("RUBYGEMS_API_KEY", rb"rubygems_[0-9a-f]{48}", "", "rubygems_{h48}", "rubygems_{h20}", "rubygems-api-token"),
    ("SCALINGO_TOKEN", rb"tk-us-[\w-]{48}", "", "tk-us-{w48}", "tk-us-{w20}", "scalingo-api-token"),
    ("SENDGRID_API_KEY", rb"SG\.[\w-]{18,24}\.[\w-]{39,50}", "SG.", "SG.{w22}.{w43}", "SG.{w22}", "sendgrid-api-token"),
    ("SENDINBLUE_API_KEY", rb"xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}", "xkeysib-", "xkeysib-{h64}-{a16}", "xkeysib-{h64}",
     "sendinblue-api-token"),
    ("SENTRY_TOKEN", rb"sntryu_[0-9a-f]{64}", "", "sntryu_{h64}", "sntryu_{h30}", "sentry-user-token"),
    ("SETTLEMINT_TOKEN", rb"sm_[aps]at_[0-9A-Za-z]{16}", "sm_aat_ sm_pat_ sm_sat_", "sm_pat_{a16}", "sm_pat_{a12}",
     "settlemint-application-access-token, settlemint-personal-access-token, settlemint-service-access-token"),
    ("SHIPPO_TOKEN", rb"shippo_(?:live|test)_[0-9A-Fa-f]{40}", "shippo_", "shippo_live_{h40}", "shippo_live_{h20}",
     "shippo-api-token"),
    ("SHOPIFY_TOKEN", rb"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}", "shpat_ shpca_ shppa_ shpss_", "shpat_{h32}",
     "shpat_{h20}",
     "shopify-access-token, shopify-custom-access-token, shopify-private-app-access-token, shopify-shared-secret"),
    ("SLACK_TOKEN", rb"xox[abeoprs]-[0-9A-Za-z-]{13,250}", "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-",
     "xoxb-{d11}-{d12}-{a24}", "xoxb-{d4}",
     "slack-bot-token, slack-config-access-token, slack-config-refresh-token, slack-legacy-bot-token, "
     "slack-legacy-token, slack-legacy-workspace-token, slack-user-token"),
    ("SLACK_TOKEN", rb"xapp-\d-[0-9A-Za-z]{6,20}-\d{6,20}-[0-9A-Za-z]{16,80}", "xapp-",
     "xapp-1-A{u10}-{d13}-{h64}", "xapp-1-A{u10}", "slack-app-token"),
    ("SONAR_TOKEN", rb"sq[apu]_[0-9A-Za-z]{40}", "sqa_ sqp_ squ_", "squ_{h40}", "squ_{h20}", "sonar-api-token"),
    ("SOURCEGRAPH_TOKEN", rb"sgp_(?:(?:[0-9A-Fa-f]{16}|local)_)?[0-9A-Fa-f]{40}", "sgp_", "sgp_{h16}_{h40}",
     "sgp_{h16}",
     "sourcegraph-access-token"),
    ("SQUARE_TOKEN", rb"sq0(?:atp|csp)-[\w-]{22,60}", "sq0atp- sq0csp-", "sq0atp-{w22}", "sq0atp-{w12}",
     "square-access-token"),
    ("SQUARE_TOKEN", rb"(?<!\+)EAAA[\w-]{60}(?![+=])", "EAAA", "EAAA{w60}", "EAAA{w40}", "square-access-token"),
    ("STRIPE_KEY", rb"(?:sk|rk)_(?:test|live|prod)_[0-9A-Za-z]{10,250}",
     "sk_test_ sk_live_ sk_prod_ rk_test_ rk_live_ rk_prod_", "sk_live_{a24}", "pk_live_{a24}", "stripe-access-token"),
    ("STRIPE_WEBHOOK_SECRET", rb"whsec_[0-9A-Za-z]{32,64}", "", "whsec_{a32}", "whsec_{a12}", "Stripe"),
    ("SUPABASE_TOKEN", rb"sbp_[0-9a-f]{40}", "", "sbp_{h40}", "sbp_{h20}", "Supabase"),
    ("TAILSCALE_KEY", rb"tskey-[a-z]{3,12}-[0-9A-Za-z]{6,20}-[0-9A-Za-z]{20,50}", "tskey-",
     "tskey-auth-{a17}-{a32}", "tskey-auth-{a17}", "Tailscale"),
    ("TELEGRAM_BOT_TOKEN", rb"\d{6,16}:A[\w-]{34}", ":A", "{d10}:AA{w33}", "{d10}:AA{w20}", "telegram-bot-api-token"),
    ("TERRAFORM_TOKEN", rb"[0-9A-Za-z]{14}\.atlasv1\.[\w-]{60,70}", ".atlasv1.", "{a14}.atlasv1.{w67}",
     "{a14}.atlasv1.{w20}", "hashicorp-tf-api-token"),
    ("TWILIO_API_KEY", rb"SK[0-9A-Fa-f]{32}", "", "SK{h32}", "AC{h32}", "twilio-api-key"),
    ("TYPEFORM_TOKEN", rb"tfp_[\w-]{40,64}", "", "tfp_{w59}", "tfp_{w20}", "typeform-api-token"),
    ("VAULT_TOKEN", rb"hv[bs]\.[\w-]{90,300}", "hvb. hvs.", "hvs.{w95}", "hvs.{w40}",
     "vault-service-token, vault-batch-token"),
    ("XAI_API_KEY", rb"xai-[0-9A-Za-z]{80}", "", "xai-{a80}", "xai-{a30}", "xAI"),
    ("YANDEX_API_KEY", rb"AQVN[\w-]{35,38}", "", "AQVN{w36}", "AQVN{w20}", "yandex-api-key"),
    ("YANDEX_TOKEN", rb"t1\.[\w-]{18,500}={0,2}\.[\w-]{86}={0,2}", "t1.", "t1.{w60}.{w86}", "t1.{w60}.{w20}",
     "yandex-access-token"),
))

#: Tokens in base64, and URIs: each has a text (SHORTEST_TEXT or more of TEXT_LETTERS) with a keyword in it.
TEXTS = tuple(_rule(*row) for row in (
    ("ONEPASSWORD_TOKEN", rb"ops_eyJ[0-9A-Za-z+/]{250,2000}={0,3}", "ops_eyJ",
     "ops_eyJ{b300}", "ops_eyJ{b90}", "1password-service-account-token"),
    ("AWS_BEDROCK_API_KEY", rb"ABSK[0-9A-Za-z+/]{109,269}={0,2}", "ABSK", "ABSK{b128}", "ABSK{b60}",
     "aws-amazon-bedrock-api-key-long-lived"),
    ("AZURE_KEY", rb"(?:Account|SharedAccess|Access)Key=(?P<secret>[0-9A-Za-z+/]{40,128}={0,2})",
     "AccountKey= AccessKey=",
     "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={b86}==;EndpointSuffix=core.windows.net",
     "AccountKey={b12}==", "Azure Storage, Service Bus, Event Hubs, SignalR"),
    ("AZURE_SAS", rb"(?:sv=20\d\d-\d\d-\d\d&|SharedAccessSignature )[\w%&=.:+/-]{0,400}?(?<=[ &])"
     rb"sig=(?P<secret>(?:[\w+/-]|%[0-9A-Fa-f]{2}){40,128}={0,2})", "sig=",
     "https://a.blob.core.windows.net/c?sv=2022-11-02&se=2030-01-01&sr=c&sp=r&sig={b41}%2B{a1}%3D",
     "https://a.example/c?sv=2022-11-02&sig={a12}", "Azure Storage, Service Bus"),
    ("DISCORD_WEBHOOK", rb"discord(?:app)?\.com/api/webhooks/\d{17,20}/(?P<secret>[\w-]{60,80})", "/api/webhooks/",
     "https://discord.com/api/webhooks/{d18}/{w68}", "https://discord.com/api/webhooks/{d18}/{w12}", "Discord"),
    ("FLY_TOKEN", rb"fm(?:1[ar]|2)_[0-9A-Za-z+/]{100,2000}={0,3}", "fm1a_ fm1r_ fm2_", "fm2_{b120}", "fm2_{b60}",
     "flyio-access-token"),
    ("GOOGLE_REFRESH_TOKEN", rb"1//0[\w-]{40,200}", "", "1//0{w60}", "1//0{w20}", "Google OAuth 2.0"),
    ("GRAFANA_TOKEN", rb"glc_[0-9A-Za-z+/]{32,400}={0,3}", "glc_", "glc_{b60}", "glc_{b20}", "grafana-cloud-api-token"),
    ("SENTRY_TOKEN", rb"sntrys_eyJ[0-9A-Za-z+/]{40,600}={0,2}_[0-9A-Za-z+/]{43}", "sntrys_eyJ",
     "sntrys_eyJpYXQiO{a40}LCJyZWdpb25fdXJs{a40}_{a43}", "sntrys_eyJpYXQiO{a40}", "sentry-org-token"),
    ("SLACK_WEBHOOK", rb"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[0-9A-Za-z+/]{30,80})",
     "/services/T /workflows/ /triggers/",
     "https://hooks.slack.com/services/T{u8}/B{u10}/{a24}", "https://hooks.slack.com/services/T{u8}",
     "slack-webhook-url"),
    ("TEAMS_WEBHOOK", rb"webhook\.office\.com/webhookb2/(?P<secret>" + _UUID + rb"@" + _UUID
     + rb"/IncomingWebhook/[0-9a-f]{32}/" + _UUID + rb")", "/webhookb2/",
     "https://a.webhook.office.com/webhookb2/{h8}-{h4}-{h4}-{h4}-{h12}@{h8}-{h4}-{h4}-{h4}-{h12}/IncomingWebhook/{h32}"
     "/{h8}-{h4}-{h4}-{h4}-{h12}", "https://a.webhook.office.com/webhookb2/{h8}-{h4}-{h4}-{h4}-{h12}",
     "microsoft-teams-webhook"),
))

#: All other tokens: their keywords are looked for everywhere.
BLOCKS = tuple(_rule(*row) for row in (
    ("AUTHRESS_KEY", rb"(?:sc|ext|scauth|authress)_[0-9a-z]{5,30}\.[0-9a-z]{4,6}\.acc[_-][0-9a-z-]{10,32}"
     rb"\.[\w+/=-]{30,120}", ".acc", "sc_{l20}.{l4}.acc_{l10}.{w50}", "sc_{l20}.{l4}.acc_{l10}.{w9}",
     "authress-service-client-access-key"),
    ("AZURE_CLIENT_SECRET", rb"[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])", "Q~", "{a3}8Q~{w34}", "{a3}8Q~{w16}",
     "azure-ad-client-secret"),
    ("PRIVATE_KEY", rb"-----BEGIN[ 0-9A-Z_-]{0,60}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])*"
     rb"(?P<secret>(?:[^-]|-(?!----)){64,16384}?)(?:\s|\\[nr])*(?:-----END[ 0-9A-Z_-]{0,60}KEY(?: BLOCK)?-----|\Z)",
     "-----BEGIN",
     "-----BEGIN RSA PRIVATE" " KEY-----\n{b64}\n{b64}\n{b20}==\n-----END RSA PRIVATE KEY-----",
     "-----BEGIN PUBLIC KEY-----\n{b64}\n{b20}==\n-----END PUBLIC KEY-----", "private-key"),
))
# fmt: on

RULES = WORDS + TEXTS + BLOCKS
