#include "runner/registry/repository.hh"

#include "runner/image/json_input.hh"
#include "runner/image/manifest.hh"
#include "runner/registry/refusal.hh"
#include "runner/transport/url.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

constexpr int kMostPages = 1000;
/// A transfer that brought so much before it broke has not used up one of its tries.
constexpr std::uint64_t kProgress = 1U << 20;

const std::string& accepted_types()
{
    static const std::string kAccept = std::string("Accept: ") + kOciIndex + ", " + kOciManifest +
                                       ", " + kDockerList + ", " + kDockerManifest + ", */*;q=0.1";
    return kAccept;
}

std::vector<std::string>
scopes_of(const std::string& path, Repository::Use use, const std::vector<std::string>& mount_from)
{
    const char* action = use == Repository::Use::kPush ? ":pull,push" : ":pull";
    std::vector<std::string> scopes = {"repository:" + path + action};
    for (const std::string& other : mount_from)
        scopes.push_back("repository:" + other + ":pull");
    return scopes;
}

/// The target of `<…>; rel="next"` (RFC 8288); empty where there is none.
std::string next_page(const HttpResponse& response)
{
    for (const std::string& link : response.values("Link")) {
        const std::size_t end = link.find('>');
        if (link.starts_with('<') && end != std::string::npos &&
            link.find("rel=\"next\"", end) != std::string::npos)
            return link.substr(1, end - 1);
    }
    return {};
}

Repository::Document document_of(HttpResponse response)
{
    const std::string type = response.value("Content-Type");
    return {.text = std::move(response.body), .media_type = type.substr(0, type.find(';'))};
}

/// The bytes of a blob as a registry sends them, in its place among those that are wanted: it may
/// answer a request for the rest of it with the whole.
class Resumed {
public:
    Resumed(std::uint64_t& at, const Repository::Sink& sink)
        : at_(at)
        , start_(at)
        , sink_(sink)
    {}
    void take(const HttpResponse& head, std::string_view bytes)
    {
        if (!placed_) place(head);
        const std::size_t known =
            static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
        skip_ -= known;
        bytes.remove_prefix(known);
        if (bytes.empty()) return;
        sink_(bytes);
        at_ += bytes.size();
    }

private:
    void place(const HttpResponse& head)
    {
        placed_ = true;
        if (head.status != 206) {
            skip_ = start_;
            return;
        }
        const std::string range = head.value("Content-Range");
        if (!range.starts_with("bytes " + std::to_string(start_) + "-"))
            throw Error(ErrorKind::kInput,
                        "the registry sent \"" + printable(range) + "\" where the bytes from " +
                            std::to_string(start_) + " on were asked for");
    }

    std::uint64_t& at_;
    const std::uint64_t start_;
    const Repository::Sink& sink_;
    std::uint64_t skip_ = 0;
    bool placed_ = false;
};

} // namespace

RegistryAccess RegistryAccess::of_this_user(bool plain_http_loopback,
                                            std::function<void()> checkpoint)
{
    return {.hosts = Hosts::of_this_user(),
            .credentials = Credentials::of_this_user(),
            .retry = {.checkpoint = std::move(checkpoint)},
            .plain_http_loopback = plain_http_loopback};
}

Repository::Repository(const RegistryAccess& access,
                       Place place,
                       Use use,
                       const std::vector<std::string>& mount_from)
    : access_(access)
    , place_(std::move(place))
    , base_((place_.plain_http ? "http://" : "https://") + place_.host + "/v2/" + place_.path)
    , authorizer_(access.credentials,
                  place_.login,
                  scopes_of(place_.path, use, mount_from),
                  place_.plain_http)
{}

Repository::Place Repository::home_of(const RegistryAccess& access,
                                      const std::string& domain,
                                      const std::string& path)
{
    return {.host = domain == "docker.io" ? "registry-1.docker.io" : domain,
            .path = path,
            .login = domain + "/" + path,
            .plain_http = access.hosts.rules(domain).plain_http ||
                          (access.plain_http_loopback && is_loopback(domain))};
}

// ---- requests

HttpRequest Repository::request(HttpRequest::Method method, const std::string& rest) const
{
    return {.method = method, .url = base_ + rest, .plain_http = place_.plain_http};
}

HttpResponse
Repository::authorized(HttpClient& client, HttpRequest& request, const HttpClient::Sink& sink)
{
    // an upload goes where the registry says; who asks is for the registry alone
    const bool at_home = origin_of(request.url) == origin_of(base_);
    for (int round = 0;; ++round) {
        request.authorization = at_home ? authorizer_.header() : "";
        HttpResponse response = client.send(request, sink);
        if (response.status != 401 || round == 2 || !at_home ||
            origin_of(response.url) != origin_of(base_))
            return response;
        if (!authorizer_.answer(client, response, request.authorization)) return response;
    }
}

std::unique_ptr<HttpClient> Repository::take_client()
{
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<HttpClient> client = std::move(idle_.back());
            idle_.pop_back();
            return client;
        }
    }
    return std::make_unique<HttpClient>(
        HttpOptions{.tls = [this](const std::string& host) { return access_.hosts.tls(host); },
                    .checkpoint = access_.retry.checkpoint,
                    .standstill = access_.standstill});
}

HttpResponse Repository::send(HttpRequest& request, const HttpClient::Sink& sink)
{
    std::unique_ptr<HttpClient> client = take_client();
    HttpResponse response = authorized(*client, request, sink);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client)); // not after a failure: its connection is in doubt
    return response;
}

HttpResponse Repository::ask(HttpRequest request, std::initializer_list<long> expected)
{
    std::string text;
    HttpResponse response = with_retries(access_.retry, [&] {
        text.clear();
        return send(request, [&](const HttpResponse&, std::string_view bytes) {
            if (text.size() + bytes.size() > kManifestLimit)
                throw Error(ErrorKind::kInput,
                            "the answer is larger than " + std::to_string(kManifestLimit) +
                                " bytes");
            text += bytes;
        });
    });
    if (std::ranges::find(expected, response.status) == expected.end())
        refuse(response, authorizer_.has_login());
    if (response.ok()) response.body = std::move(text);
    return response;
}

void Repository::read_pages(const std::string& rest,
                            const std::function<bool(const HttpResponse&)>& page)
{
    HttpRequest next = request(HttpRequest::Method::kGet, rest);
    for (int pages = 0; pages < kMostPages; ++pages) {
        const HttpResponse response = ask(next, {200, 404});
        if (!page(response)) return;
        const std::string link = next_page(response);
        if (link.empty()) return;
        next.url = resolve_url(next.url, link);
    }
    throw Error(ErrorKind::kInput, "the registry's list has no end");
}

// ---- reading

HttpResponse Repository::ask_for_manifest(const std::string& tag_or_digest,
                                          std::initializer_list<long> expected)
{
    HttpRequest wanted = request(HttpRequest::Method::kGet, "/manifests/" + tag_or_digest);
    wanted.headers = {accepted_types()};
    return ask(std::move(wanted), expected);
}

std::optional<Repository::Document> Repository::find_manifest(const std::string& tag_or_digest)
{
    HttpResponse response = ask_for_manifest(tag_or_digest, {200, 404});
    if (response.status == 404) return std::nullopt;
    return document_of(std::move(response));
}

Repository::Document Repository::manifest(const std::string& tag_or_digest)
{
    return document_of(ask_for_manifest(tag_or_digest, {200}));
}

void Repository::read_blob(const attest::Digest& digest, std::uint64_t offset, const Sink& sink)
{
    std::uint64_t at = offset;
    for (;;) {
        const std::uint64_t before = at;
        try {
            const HttpResponse response = with_retries(access_.retry, [&] {
                HttpRequest wanted = request(HttpRequest::Method::kGet, "/blobs/" + digest.text());
                if (at > 0) wanted.headers = {"Range: bytes=" + std::to_string(at) + "-"};
                Resumed part(at, sink);
                return send(wanted, [&](const HttpResponse& head, std::string_view bytes) {
                    part.take(head, bytes);
                });
            });
            if (response.ok()) return;
            if (response.status == 416 && at > 0) return; // all of it had come before it broke
            refuse(response, authorizer_.has_login());
        } catch (const BrokenTransfer&) {
            if (at - before < kProgress) throw;
        }
    }
}

std::vector<std::string> Repository::tags()
{
    std::vector<std::string> tags;
    read_pages("/tags/list", [&](const HttpResponse& page) {
        if (page.status == 404) refuse(page, authorizer_.has_login());
        for (std::string& tag : list_member(parse_object(page.body), "tags"))
            tags.push_back(std::move(tag));
        return true;
    });
    return tags;
}

} // namespace caisson::runner
