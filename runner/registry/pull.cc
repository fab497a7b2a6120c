#include "runner/registry/pull.hh"

#include "runner/image/blob_source.hh"
#include "runner/image/manifest.hh"
#include "runner/image/purl.hh"
#include "runner/image/reference.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <ctime>

namespace caisson::runner {

namespace {

Repository::Place place_of(const Mirror& mirror, const Reference& reference)
{
    const std::size_t slash = mirror.at.find('/');
    const std::string host = mirror.at.substr(0, slash);
    const std::string prefix = slash == std::string::npos ? "" : mirror.at.substr(slash + 1) + "/";
    return {.host = host,
            .path = prefix + reference.path,
            .login = host + "/" + prefix + reference.path,
            .plain_http = mirror.plain_http};
}

/// `required`: there is nobody else to ask.
std::optional<Repository::Document>
find_in(Repository& repository, const std::string& tag_or_digest, bool required)
{
    return required ? repository.manifest(tag_or_digest) : repository.find_manifest(tag_or_digest);
}

} // namespace

RemoteImage::RemoteImage(const RegistryAccess& access, Reference reference)
    : reference_(std::move(reference))
{
    for (const Mirror& mirror : access.hosts.rules(reference_.domain).mirrors)
        places_.push_back({.repository = std::make_unique<Repository>(
                               access, place_of(mirror, reference_), Repository::Use::kPull),
                           .tags = mirror.tags});
    places_.push_back({.repository = std::make_unique<Repository>(
                           access,
                           Repository::home_of(access, reference_.domain, reference_.path),
                           Repository::Use::kPull)});
}

template<class Attempt>
void RemoteImage::at_each(bool by_digest, Attempt&& attempt, const bool& ours)
{
    for (const Place& place : places_) {
        const bool last = &place == &places_.back();
        if (!by_digest && !place.tags && !last) continue;
        try {
            if (attempt(*place.repository, last)) return;
        } catch (const Error& error) {
            // a mirror may be down; a disk that is full is no fault of its
            if (last || ours || error.kind() != ErrorKind::kInput) throw;
        }
    }
}

std::string RemoteImage::wanted() const
{
    if (reference_.digest) return reference_.digest->text();
    return reference_.tag.empty() ? "latest" : reference_.tag;
}

Descriptor RemoteImage::resolve(Store& store)
{
    Descriptor start;
    bool storing = false;
    const auto attempt = [&](Repository& repository, bool last) {
        const auto found = find_in(repository, wanted(), last);
        if (!found) return false;
        const attest::Digest digest = attest::Digest::of(found->text);
        if (reference_.digest && digest != *reference_.digest)
            throw Error(ErrorKind::kInput,
                        "the registry sent a manifest with the digest " + digest.text());
        if (found->media_type.starts_with("application/vnd.docker.distribution.manifest.v1"))
            throw Error(ErrorKind::kInput,
                        "the registry has it in Docker's schema 1",
                        "that was given up in 2017; push the image again");
        storing = true;
        store.put_blob(found->text);
        start = {.media_type = found->media_type, .digest = digest, .size = found->text.size()};
        return true;
    };
    at_each(reference_.digest.has_value(), attempt, storing);
    return start;
}

void RemoteImage::read(const Descriptor& descriptor, const Sink& sink)
{
    const bool manifest =
        is_manifest_type(descriptor.media_type) || is_index_type(descriptor.media_type);
    std::uint64_t delivered = 0;
    bool taking = false;
    const Sink counting = [&](std::string_view bytes) {
        taking = true;
        sink(bytes);
        taking = false;
        delivered += bytes.size();
    };
    const auto attempt = [&](Repository& repository, bool last) {
        if (!manifest) {
            repository.read_blob(descriptor.digest, delivered, counting);
            return true;
        }
        const auto found = find_in(repository, descriptor.digest.text(), last);
        if (found) counting(found->text);
        return found.has_value();
    };
    at_each(true, attempt, taking);
}

BaseImage pull(Store& store,
               const RegistryAccess& access,
               const std::string& reference_text,
               const std::string& architecture)
{
    return in_context("pull \"" + printable(reference_text) + "\"", [&] {
        const Reference reference = Reference::parse(reference_text);
        RemoteImage remote(access, reference);
        const Descriptor start = remote.resolve(store);
        BaseImage image = take_in(store, remote, start, architecture);
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

std::optional<attest::Digest> keep_pulled(Store& store, const BaseImage& image)
{
    const Reference reference = Reference::parse(image.source);
    if (reference.digest) return std::nullopt;
    const std::optional<ImageRef> former = store.find_image(image.source);
    store.put_image({.name = image.source,
                     .manifest = image.manifest,
                     .created = rfc3339(std::time(nullptr)),
                     .origin = image.resolved,
                     .index = image.index.value_or(attest::Digest())});
    const bool moved =
        former && !former->origin.empty() && former->manifest.digest != image.manifest.digest;
    return moved ? std::optional(former->manifest.digest) : std::nullopt;
}

} // namespace caisson::runner
