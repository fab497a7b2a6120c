#include "runner/image/blob_source.hh"
#include "runner/image/manifest.hh"
#include "runner/image/platform.hh"
#include "runner/image/side_by_side.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

namespace caisson::runner {
namespace {

/// An index in an index is legal. One that leads to itself cannot have the right digest; this ends
/// chains of honest ones.
constexpr int kDeepestIndex = 4;

std::string describe(const Descriptor& descriptor)
{
    return "blob " + descriptor.digest.text();
}

/// Lets through at most the size that the descriptor promises, and tells whether it came.
class Meter {
public:
    explicit Meter(const Descriptor& descriptor)
        : promised_(descriptor.size)
    {}
    void add(std::size_t bytes)
    {
        seen_ += bytes;
        if (seen_ > promised_)
            throw Error(ErrorKind::kInput,
                        "it is larger than the " + std::to_string(promised_) + " bytes promised");
    }
    void finish() const
    {
        if (seen_ != promised_)
            throw Error(ErrorKind::kInput,
                        "it has " + std::to_string(seen_) + " bytes instead of the " +
                            std::to_string(promised_) + " promised");
    }

private:
    std::uint64_t promised_;
    std::uint64_t seen_ = 0;
};

void copy_blob(
    Store& store,
    BlobSource& source,
    const Descriptor& descriptor,
    const std::function<bool()>& given_up = [] { return false; })
{
    if (store.has_blob(descriptor.digest, descriptor.size)) return;
    BlobWriter writer = store.new_blob();
    Meter meter(descriptor);
    source.read(descriptor, [&](std::string_view bytes) {
        if (given_up()) throw Error(ErrorKind::kInput, "another layer could not be had");
        meter.add(bytes.size());
        writer.write(bytes);
    });
    meter.finish();
    writer.commit(descriptor.digest);
}

/// Side by side, a few at a time. The first that fails ends the others; its error comes out.
void copy_layers(Store& store, BlobSource& source, const std::vector<Descriptor>& layers)
{
    std::map<attest::Digest, Descriptor> distinct; // an image may have one layer twice
    for (const Descriptor& layer : layers)
        distinct.emplace(layer.digest, layer);
    std::vector<Descriptor> wanted;
    for (auto& [digest, layer] : distinct)
        wanted.push_back(std::move(layer));

    side_by_side(wanted.size(), [&](std::size_t at, const std::function<bool()>& given_up) {
        in_context(describe(wanted[at]), [&] { copy_blob(store, source, wanted[at], given_up); });
    });
}

/// A document small enough for memory, by way of the store.
std::string take_document(Store& store, BlobSource& source, const Descriptor& descriptor)
{
    return in_context(describe(descriptor), [&] {
        if (descriptor.size > kManifestLimit)
            throw Error(ErrorKind::kInput,
                        "its size is given as " + std::to_string(descriptor.size) +
                            " bytes; more than " + std::to_string(kManifestLimit) +
                            " is not accepted");
        copy_blob(store, source, descriptor);
        return store.read_blob(descriptor.digest, kManifestLimit);
    });
}

Descriptor choose_for(const std::vector<Descriptor>& children, const std::string& architecture)
{
    std::string offered;
    for (const Descriptor& child : children) {
        if (child.platform.is_null() || !child.artifact_type.empty()) continue;
        if (is_for(child.platform, architecture)) return child;
        offered += (offered.empty() ? "" : ", ") + platform_text(child.platform);
    }
    // without a platform the configuration decides, once it is read
    for (const Descriptor& child : children)
        if (child.platform.is_null() && child.artifact_type.empty()) return child;
    throw Error(ErrorKind::kInput,
                "it has no image for linux/" + architecture +
                    (offered.empty() ? "" : ", only for " + offered),
                offered.find("linux/386") != std::string::npos && runs_architecture("386") &&
                        architecture != "386"
                    ? "FROM --platform=linux/386 takes that one"
                    : "");
}

/// `architecture`: the one that it must be for; empty: any that runs here.
void check_platform(const ImageConfig& config, const std::string& architecture)
{
    const bool wanted = architecture.empty() ? runs_architecture(config.architecture)
                                             : config.architecture == architecture;
    if (config.os == "linux" && wanted) return;
    throw Error(ErrorKind::kInput,
                "the image is for " + printable(config.os + "/" + config.architecture) +
                    (architecture.empty() ? ", this machine is linux/" + host_architecture()
                                          : ", not for linux/" + architecture));
}

void check_layers(const Manifest& manifest, const ImageConfig& config)
{
    if (config.diff_ids.size() != manifest.layers.size())
        throw Error(ErrorKind::kInput,
                    "the manifest has " + std::to_string(manifest.layers.size()) +
                        " layers, the configuration " + std::to_string(config.diff_ids.size()) +
                        " diff ids");
}

BaseImage assemble(const Descriptor& descriptor, const Manifest& manifest, ImageConfig config)
{
    BaseImage image;
    image.manifest = descriptor;
    for (std::size_t at = 0; at < manifest.layers.size(); ++at)
        image.layers.push_back({.blob = manifest.layers[at], .diff_id = config.diff_ids[at]});
    image.config = std::move(config);
    return image;
}

} // namespace

BaseImage
take_in(Store& store, BlobSource& source, const Descriptor& start, const std::string& architecture)
{
    Descriptor at = start;
    std::string text = take_document(store, source, at);
    std::optional<attest::Digest> index;
    for (int depth = 0; is_index_type(at.media_type); ++depth) {
        if (depth == kDeepestIndex)
            throw Error(ErrorKind::kInput,
                        "index " + at.digest.text() + " lies in more than " +
                            std::to_string(kDeepestIndex) + " others");
        if (!index) index = at.digest;
        at = in_context("index " + at.digest.text(), [&] {
            return choose_for(index_from_json(text, at.media_type),
                              architecture.empty() ? host_architecture() : architecture);
        });
        text = take_document(store, source, at);
    }
    return in_context("image " + at.digest.text(), [&] {
        if (!is_manifest_type(at.media_type))
            throw Error(ErrorKind::kInput,
                        "media type \"" + printable(at.media_type) + "\" is unknown");
        const Manifest manifest = manifest_from_json(text, at.media_type);
        ImageConfig config = in_context("read the configuration", [&] {
            return config_from_json(take_document(store, source, manifest.config));
        });
        check_platform(config, architecture);
        check_layers(manifest, config);
        copy_layers(store, source, manifest.layers);
        BaseImage image = assemble(at, manifest, std::move(config));
        image.index = index;
        return image;
    });
}

BaseImage read_image(const Store& store, const Descriptor& descriptor)
{
    return in_context("image " + descriptor.digest.text(), [&] {
        const Manifest manifest = manifest_from_json(
            store.read_blob(descriptor.digest, kManifestLimit), descriptor.media_type);
        ImageConfig config =
            config_from_json(store.read_blob(manifest.config.digest, kManifestLimit));
        check_platform(config, {});
        check_layers(manifest, config);
        for (const Descriptor& layer : manifest.layers)
            if (!store.has_blob(layer.digest, layer.size))
                throw Error(ErrorKind::kInput,
                            "layer " + layer.digest.text() + " is missing or damaged in the store",
                            "build or pull the image again");
        return assemble(descriptor, manifest, std::move(config));
    });
}

} // namespace caisson::runner
