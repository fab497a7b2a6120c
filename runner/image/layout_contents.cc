#include "runner/image/layout_contents.hh"

#include "runner/image/manifest.hh"
#include "runner/image/reference.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

constexpr std::string_view kEmptyConfig = "{}";

std::uint64_t blob_size(const Store& store, const attest::Digest& digest)
{
    struct stat status = {};
    if (::fstat(store.open_blob(digest).get(), &status) != 0) throw SysError(errno, "fstat");
    return static_cast<std::uint64_t>(status.st_size);
}

/// The manifest that ties a Sigstore bundle to its image (image-spec, "subject"; what cosign 3 and
/// the referrers API look for). It has no time: the same bundle gives the same manifest.
std::string referrer_manifest(const Descriptor& image, const Descriptor& bundle)
{
    const Descriptor config{.media_type = kOciEmpty,
                            .digest = attest::Digest::of(kEmptyConfig),
                            .size = kEmptyConfig.size()};
    const Descriptor subject{
        .media_type = image.media_type, .digest = image.digest, .size = image.size};
    const nlohmann::json json = {
        {"schemaVersion", 2},
        {"mediaType", kOciManifest},
        {"artifactType", kSigstoreBundle},
        {"config", to_json(config)},
        {"layers", nlohmann::json::array({to_json(bundle)})},
        {"subject", to_json(subject)},
        {"annotations",
         {{"dev.sigstore.bundle.content", "dsse-envelope"},
          {"dev.sigstore.bundle.predicateType", "https://slsa.dev/provenance/v1"}}}};
    return json.dump();
}

/// Adds the blobs of the attestation; the descriptor of its manifest.
Descriptor add_attestation(const Store& store,
                           const OutputImage& image,
                           std::vector<LayoutContents::Blob>& blobs)
{
    const Descriptor bundle{.media_type = kSigstoreBundle,
                            .digest = image.bundle,
                            .size = blob_size(store, image.bundle)};
    const std::string text = referrer_manifest(image.manifest, bundle);
    Descriptor manifest{.media_type = kOciManifest,
                        .digest = attest::Digest::of(text),
                        .size = text.size(),
                        .artifact_type = kSigstoreBundle};
    blobs.push_back({.digest = bundle.digest, .size = bundle.size});
    blobs.push_back({.digest = attest::Digest::of(kEmptyConfig),
                     .size = kEmptyConfig.size(),
                     .bytes = std::string(kEmptyConfig)});
    blobs.push_back({.digest = manifest.digest, .size = text.size(), .bytes = text});
    return manifest;
}

std::string name_of(const Descriptor& entry)
{
    const auto found = entry.annotations.find(kRefName);
    return found == entry.annotations.end() ? "" : found->second;
}

} // namespace

LayoutContents
layout_contents(const Store& store, const OutputImage& image, Attestation attestation)
{
    LayoutContents contents;
    const Manifest manifest = manifest_from_json(
        store.read_blob(image.manifest.digest, kManifestLimit), image.manifest.media_type);
    contents.blobs.push_back({.digest = image.manifest.digest, .size = image.manifest.size});
    contents.blobs.push_back({.digest = manifest.config.digest, .size = manifest.config.size});
    for (const Descriptor& layer : manifest.layers)
        contents.blobs.push_back({.digest = layer.digest, .size = layer.size});

    Descriptor entry{.media_type = image.manifest.media_type,
                     .digest = image.manifest.digest,
                     .size = image.manifest.size};
    std::optional<Descriptor> referrer;
    if (!image.bundle.empty()) {
        referrer = add_attestation(store, image, contents.blobs);
        if (attestation == Attestation::kPointedTo)
            entry.annotations[kAttestationPointer] = referrer->digest.text();
    }
    for (const std::string& name : image.names) {
        const Reference reference = Reference::parse(name);
        entry.annotations[kRefName] = reference.tag.empty() ? "latest" : reference.tag;
        entry.annotations[kImageName] = reference.full();
        contents.index.push_back(entry);
    }
    if (image.names.empty()) contents.index.push_back(entry);
    if (referrer && attestation == Attestation::kListed) contents.index.push_back(*referrer);

    std::ranges::sort(contents.blobs, {}, &LayoutContents::Blob::digest);
    // not ranges::unique: clang 14 (the linter, the fuzzers) cannot read libstdc++'s subrange
    const auto same = [](const LayoutContents::Blob& one, const LayoutContents::Blob& other) {
        return one.digest == other.digest;
    };
    contents.blobs.erase(std::unique(contents.blobs.begin(), contents.blobs.end(), same),
                         contents.blobs.end());
    return contents;
}

std::string index_text(const std::vector<Descriptor>& entries,
                       const std::vector<Descriptor>& others)
{
    nlohmann::json manifests = nlohmann::json::array();
    for (const Descriptor& other : others) {
        const bool replaced = std::ranges::any_of(entries, [&](const Descriptor& entry) {
            return name_of(other).empty() ? other.digest == entry.digest
                                          : name_of(other) == name_of(entry);
        });
        if (!replaced) manifests.push_back(to_json(other));
    }
    for (const Descriptor& entry : entries)
        manifests.push_back(to_json(entry));
    const nlohmann::json index = {
        {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", std::move(manifests)}};
    return index.dump();
}

void read_out(const Store& store,
              const LayoutContents::Blob& blob,
              const std::function<void(std::string_view)>& sink)
{
    if (!blob.bytes.empty()) return sink(blob.bytes);
    const UniqueFd file = store.open_blob(blob.digest);
    attest::Sha256 hash;
    std::vector<char> chunk(1U << 20);
    for (;;) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read blob " + blob.digest.text());
        if (got == 0) break;
        const std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
        hash.update(bytes);
        sink(bytes);
    }
    if (std::move(hash).finish() != blob.digest)
        throw Error(ErrorKind::kInput,
                    "blob " + blob.digest.text() + " is damaged in the store",
                    "build or pull the image again");
}

} // namespace caisson::runner
