#include "runner/registry/push.hh"

#include "runner/image/layout_contents.hh"
#include "runner/image/manifest.hh"
#include "runner/image/side_by_side.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

namespace caisson::runner {
namespace {

/// Which repository of that registry a layer was pulled from.
std::map<attest::Digest, std::string> repositories_of_layers(const Store& store,
                                                             const Reference& target)
{
    std::map<attest::Digest, std::string> repositories;
    for (const ImageRef& ref : store.images()) {
        if (ref.origin.empty()) continue;
        const Reference from = Reference::parse(ref.name);
        if (from.domain != target.domain || from.path == target.path) continue;
        // another image that is damaged is no reason not to push this one
        if (!store.has_blob(ref.manifest.digest, ref.manifest.size)) continue;
        const std::string text = store.read_blob(ref.manifest.digest, kManifestLimit);
        for (const Descriptor& layer : manifest_from_json(text, ref.manifest.media_type).layers)
            repositories.emplace(layer.digest, from.path);
    }
    return repositories;
}

class Push {
public:
    Push(const Store& store,
         const RegistryAccess& access,
         const OutputImage& image,
         const Reference& target)
        : store_(store)
        , image_(image)
        , target_(target)
        , contents_(layout_contents(store, image, Attestation::kListed))
        , mounts_(repositories_of_layers(store, target))
        , repository_(access,
                      Repository::home_of(access, target.domain, target.path),
                      Repository::Use::kPush,
                      mounted_repositories())
    {}

    Pushed run()
    {
        std::vector<const LayoutContents::Blob*> blobs;
        for (const LayoutContents::Blob& blob : contents_.blobs)
            if (!is_manifest(blob.digest)) blobs.push_back(&blob);
        side_by_side(blobs.size(),
                     [&](std::size_t at, const std::function<bool()>&) { push_blob(*blobs[at]); });
        // a manifest under its digest is refused while what it names is missing; the tag comes last
        const std::string text = bytes_of(image_.manifest.digest);
        repository_.push_manifest(image_.manifest, text, image_.manifest.digest.text());
        for (const Descriptor& entry : contents_.index)
            if (entry.digest != image_.manifest.digest)
                repository_.push_referrer(entry, bytes_of(entry.digest), image_.manifest.digest);
        repository_.push_manifest(image_.manifest, text, target_.tag);
        read_back();
        return {.digest = image_.manifest.digest, .sent = sent_, .there = there_, .bytes = bytes_};
    }

private:
    [[nodiscard]] std::vector<std::string> mounted_repositories() const
    {
        std::set<std::string> used;
        for (const LayoutContents::Blob& blob : contents_.blobs)
            if (const auto found = mounts_.find(blob.digest); found != mounts_.end())
                used.insert(found->second);
        return {used.begin(), used.end()};
    }
    [[nodiscard]] bool is_manifest(const attest::Digest& digest) const
    {
        return std::ranges::any_of(contents_.index,
                                   [&](const Descriptor& entry) { return entry.digest == digest; });
    }
    [[nodiscard]] std::string bytes_of(const attest::Digest& digest) const
    {
        const auto blob = std::ranges::find(contents_.blobs, digest, &LayoutContents::Blob::digest);
        return blob->bytes.empty() ? store_.read_blob(digest) : blob->bytes;
    }

    void push_blob(const LayoutContents::Blob& blob)
    {
        const UniqueFd file = blob.bytes.empty() ? store_.open_blob(blob.digest)
                                                 : make_sealed_memfd("blob", blob.bytes);
        const auto mount = mounts_.find(blob.digest);
        const Repository::Pushed pushed =
            repository_.push_blob({.digest = blob.digest, .size = blob.size},
                                  file.get(),
                                  mount == mounts_.end() ? "" : mount->second);
        if (pushed != Repository::Pushed::kSent) {
            ++there_;
            return;
        }
        ++sent_;
        bytes_ += blob.size;
    }

    void read_back()
    {
        const Repository::Document found = repository_.manifest(target_.tag);
        const attest::Digest digest = attest::Digest::of(found.text);
        if (digest != image_.manifest.digest)
            throw Error(ErrorKind::kInput,
                        "the registry has " + digest.text() + " under the tag where " +
                            image_.manifest.digest.text() + " was pushed",
                        "someone else pushes to it, or the registry changes what it is given");
    }

    const Store& store_;
    const OutputImage& image_;
    const Reference& target_;
    const LayoutContents contents_;
    const std::map<attest::Digest, std::string> mounts_;
    Repository repository_;
    std::atomic<std::size_t> sent_ = 0;
    std::atomic<std::size_t> there_ = 0;
    std::atomic<std::uint64_t> bytes_ = 0;
};

} // namespace

Pushed push(const Store& store,
            const RegistryAccess& access,
            const OutputImage& image,
            const Reference& target)
{
    return in_context("push \"" + printable(target.full()) + "\"",
                      [&] { return Push(store, access, image, target).run(); });
}

} // namespace caisson::runner
