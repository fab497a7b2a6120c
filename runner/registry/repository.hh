#pragma once

#include "runner/image/descriptor.hh"
#include "runner/registry/authorizer.hh"
#include "runner/registry/hosts.hh"
#include "runner/registry/retry.hh"
#include "runner/transport/http.hh"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// What all registries of a run are spoken to with.
struct RegistryAccess {
    Hosts hosts;
    Credentials credentials;
    RetryRules retry;
    std::chrono::seconds standstill{60};
    bool plain_http_loopback = false; ///< registries on loopback may be spoken to without TLS

    /// With the files of this user and machine. `checkpoint` is called now and then; what it
    /// throws ends what is under way.
    [[nodiscard]] static RegistryAccess of_this_user(bool plain_http_loopback = false,
                                                     std::function<void()> checkpoint = {});
};

/// One repository of a registry (OCI distribution-spec 1.1), or a mirror of it. Requests are made
/// again where that may help (retry.hh), each answer is checked by whoever knows its digest. What
/// fails is an Error of kind kInput. Safe for threads: each request has a connection of its own.
class Repository {
public:
    enum class Use { kPull, kPush };
    using Sink = std::function<void(std::string_view)>;

    /// Where a repository is spoken to.
    struct Place {
        std::string host;  ///< "registry.example.org:5000"
        std::string path;  ///< "team/app"
        std::string login; ///< the repository whose login is shown, "docker.io/library/debian"
        bool plain_http = false;
    };
    /// `mount_from`: other repositories there, whose blobs are to be taken over. `access` must live
    /// as long as this.
    Repository(const RegistryAccess& access,
               Place place,
               Use use,
               const std::vector<std::string>& mount_from = {});

    /// The repository of an image's name itself.
    [[nodiscard]] static Place
    home_of(const RegistryAccess& access, const std::string& domain, const std::string& path);

    [[nodiscard]] const Place& place() const noexcept { return place_; }

    // --- reading

    struct Document {
        std::string text;
        std::string media_type; ///< as the registry names it
    };
    /// A manifest or index by tag or digest; nothing where the registry knows none. Whether its
    /// bytes have that digest is for the caller to see.
    [[nodiscard]] std::optional<Document> find_manifest(const std::string& tag_or_digest);
    /// The same where it must be there.
    [[nodiscard]] Document manifest(const std::string& tag_or_digest);

    /// The bytes of a blob from `offset` on. A transfer that breaks is taken up where it broke.
    void read_blob(const attest::Digest& digest, std::uint64_t offset, const Sink& sink);

    /// Every tag, in the registry's order.
    [[nodiscard]] std::vector<std::string> tags();

    /// Manifests whose subject is `digest`: by the referrers interface, else by the tag that stands
    /// in for it (distribution-spec "Listing Referrers").
    [[nodiscard]] std::vector<Descriptor> referrers(const attest::Digest& digest);

    // --- writing

    [[nodiscard]] bool has_blob(const attest::Digest& digest);
    enum class Pushed { kSent, kMounted, kWasThere };
    /// `file`: the whole blob, borrowed. `mount_from`: another repository of this registry that may
    /// have it; empty: none is known.
    Pushed push_blob(const Descriptor& blob, int file, const std::string& mount_from = {});
    /// Under a tag or its digest.
    void push_manifest(const Descriptor& manifest,
                       const std::string& text,
                       const std::string& tag_or_digest);
    /// The same of a manifest that has a subject, by its digest. A registry without the referrers
    /// interface gets it into the tag that stands in for it.
    void push_referrer(const Descriptor& manifest,
                       const std::string& text,
                       const attest::Digest& subject);

private:
    /// One request, once, with what shows who asks.
    [[nodiscard]] HttpResponse send(HttpRequest& request, const HttpClient::Sink& sink);
    /// One whose answer is small and comes whole, again where that may help; what is not among
    /// `expected` is refused.
    [[nodiscard]] HttpResponse ask(HttpRequest request, std::initializer_list<long> expected);
    [[nodiscard]] HttpResponse
    authorized(HttpClient& client, HttpRequest& request, const HttpClient::Sink& sink);
    [[nodiscard]] HttpResponse ask_for_manifest(const std::string& tag_or_digest,
                                                std::initializer_list<long> expected);
    [[nodiscard]] std::unique_ptr<HttpClient> take_client();
    [[nodiscard]] HttpRequest request(HttpRequest::Method method, const std::string& rest) const;
    /// The pages of a list, each with a Link to the next.
    void read_pages(const std::string& rest, const std::function<bool(const HttpResponse&)>& page);

    [[nodiscard]] std::optional<std::string> begin_upload(const Descriptor& blob,
                                                          const std::string& mount_from);
    [[nodiscard]] std::uint64_t resume_upload(const Descriptor& blob, std::string& location);
    void upload(const Descriptor& blob, int file, std::string location);
    [[nodiscard]] std::optional<std::vector<Descriptor>>
    listed_referrers(const attest::Digest& digest);
    [[nodiscard]] std::vector<Descriptor> tagged_referrers(const attest::Digest& digest);

    const RegistryAccess& access_;
    Place place_;
    std::string base_;
    Authorizer authorizer_;
    std::mutex mutex_; ///< guards idle_
    std::vector<std::unique_ptr<HttpClient>> idle_;
};

} // namespace caisson::runner
