#include "runner/image/base_image.hh"
#include "runner/image/blob_source.hh"
#include "runner/image/json_input.hh"
#include "runner/image/manifest.hh"
#include "runner/image/purl.hh"
#include "runner/image/reference.hh"
#include "runner/registry/challenge.hh"
#include "runner/transport/http.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

constexpr std::size_t kTokenLimit = 1U << 20;

bool is_loopback(const std::string& domain)
{
    const std::size_t port = domain.rfind(':');
    const bool bare = port == std::string::npos || domain.ends_with("]");
    const std::string host = bare ? domain : domain.substr(0, port);
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

/// Docker Hub's name is not that of its registry.
std::string host_of(const Reference& reference)
{
    return reference.domain == "docker.io" ? "registry-1.docker.io" : reference.domain;
}

/// What the registry says of itself, for the message: its first error, else nothing.
std::string registry_error(const std::string& body)
{
    const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("errors") || !json["errors"].is_array() ||
        json["errors"].empty() || !json["errors"][0].is_object())
        return {};
    const nlohmann::json& first = json["errors"][0];
    const auto text = [&](const char* name) {
        return first.contains(name) && first[name].is_string() ? first[name].get<std::string>()
                                                               : std::string();
    };
    return " (" + printable(text("code") + ": " + text("message")) + ")";
}

[[noreturn]] void refuse(const HttpResponse& response)
{
    const std::string answer =
        "the registry answers " + std::to_string(response.status) + registry_error(response.body);
    if (response.status == 401 || response.status == 403)
        throw Error(ErrorKind::kInput,
                    answer,
                    "it is not there or not for everyone; this version pulls without a login");
    if (response.status == 429)
        throw Error(ErrorKind::kInput, answer, "it limits how often one may ask; try later");
    throw Error(ErrorKind::kInput, answer);
}

/// One repository of a registry (OCI distribution-spec 1.1, pull), without a login.
class Registry : public BlobSource {
public:
    Registry(const Reference& reference, const PullOptions& options)
        : plain_(options.plain_http_loopback && is_loopback(reference.domain))
        , base_((plain_ ? "http://" : "https://") + host_of(reference) + "/v2/" + reference.path)
    {}

    [[nodiscard]] std::string manifest_url(const std::string& tag_or_digest) const
    {
        return base_ + "/manifests/" + tag_or_digest;
    }

    /// The manifest under a tag or digest, its type as the registry names it.
    struct Found {
        std::string text;
        std::string media_type;
    };
    [[nodiscard]] Found find(const std::string& tag_or_digest)
    {
        Found found;
        const HttpResponse response = get(manifest_url(tag_or_digest), [&](std::string_view bytes) {
            if (found.text.size() + bytes.size() > kManifestLimit)
                throw Error(ErrorKind::kInput,
                            "the manifest is larger than " + std::to_string(kManifestLimit) +
                                " bytes");
            found.text += bytes;
        });
        const std::vector<std::string> types = response.values("Content-Type");
        if (!types.empty()) found.media_type = types.back().substr(0, types.back().find(';'));
        return found;
    }

    void read(const Descriptor& descriptor, const Sink& sink) override
    {
        const bool manifest =
            is_manifest_type(descriptor.media_type) || is_index_type(descriptor.media_type);
        (void)get(manifest ? manifest_url(descriptor.digest.text())
                           : base_ + "/blobs/" + descriptor.digest.text(),
                  sink);
    }

private:
    HttpResponse get(const std::string& url, const Sink& sink)
    {
        HttpResponse response = client_.get(request(url), sink);
        if (response.status == 401) { // without a token, or with one that is over
            fetch_token(response);
            response = client_.get(request(url), sink);
        }
        if (!response.ok()) refuse(response);
        return response;
    }

    [[nodiscard]] HttpRequest request(const std::string& url) const
    {
        static const std::string kAccept = std::string("Accept: ") + kOciIndex + ", " +
                                           kOciManifest + ", " + kDockerList + ", " +
                                           kDockerManifest + ", */*;q=0.1";
        return {.url = url, .headers = {kAccept}, .bearer = token_, .plain_http = plain_};
    }

    void fetch_token(const HttpResponse& refusal)
    {
        std::optional<Challenge> challenge;
        for (const std::string& value : refusal.values("WWW-Authenticate"))
            if (!challenge) challenge = parse_challenge(value);
        if (!challenge) refuse(refusal);
        in_context("ask for a token", [&] {
            std::string text;
            const HttpResponse response = client_.get(
                {.url = token_url(*challenge), .plain_http = plain_}, [&](std::string_view bytes) {
                    if (text.size() + bytes.size() > kTokenLimit)
                        throw Error(ErrorKind::kInput, "the answer is too large");
                    text += bytes;
                });
            if (!response.ok()) refuse(response);
            const nlohmann::json json = parse_object(text);
            token_ = string_member(json, "token");
            if (token_.empty()) token_ = string_member(json, "access_token");
            // it becomes part of a header
            const auto plain = [](unsigned char byte) { return byte > 0x20 && byte < 0x7f; };
            if (token_.empty() || !std::ranges::all_of(token_, plain))
                throw Error(ErrorKind::kInput, "the answer has no token");
        });
    }

    bool plain_;
    std::string base_;
    std::string token_;
    HttpClient client_;
};

/// The manifest that a reference means, in the store.
Descriptor resolve(Store& store, Registry& registry, const Reference& reference)
{
    const std::string wanted = reference.digest        ? reference.digest->text()
                               : reference.tag.empty() ? "latest"
                                                       : reference.tag;
    const Registry::Found found = registry.find(wanted);
    const attest::Digest digest = attest::Digest::of(found.text);
    if (reference.digest && digest != *reference.digest)
        throw Error(ErrorKind::kInput,
                    "the registry sent a manifest with the digest " + digest.text());
    if (found.media_type.starts_with("application/vnd.docker.distribution.manifest.v1"))
        throw Error(ErrorKind::kInput,
                    "the registry has it in Docker's schema 1",
                    "that was given up in 2017; push the image again");
    store.put_blob(found.text);
    return {.media_type = found.media_type, .digest = digest, .size = found.text.size()};
}

} // namespace

BaseImage pull(Store& store, const std::string& reference_text, const PullOptions& options)
{
    return in_context("pull \"" + printable(reference_text) + "\"", [&] {
        const Reference reference = Reference::parse(reference_text);
        Registry registry(reference, options);
        const Descriptor start = resolve(store, registry, reference);
        BaseImage image = take_in(store, registry, start, options.architecture);
        image.source = reference_text;
        const std::string tag =
            reference.tag.empty() && !reference.digest ? "latest" : reference.tag;
        image.resolved = package_url(
            "docker",
            reference.path,
            tag,
            {{"digest", start.digest.text()},
             {"platform", "linux/" + image.config.architecture},
             {"repository_url", reference.domain == "docker.io" ? "" : reference.domain}});
        return image;
    });
}

} // namespace caisson::runner
