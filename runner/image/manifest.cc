#include "runner/image/manifest.hh"

#include "runner/image/json_input.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <array>

namespace caisson::runner {
namespace {

struct LayerType {
    std::string_view read;
    const char* written;
};

/// Docker's types mean the same bytes; in one manifest of ours they must not be mixed with OCI's.
constexpr std::array kLayerTypes = {
    LayerType{"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar"},
    LayerType{kOciLayerGzip, kOciLayerGzip},
    LayerType{"application/vnd.oci.image.layer.v1.tar+zstd",
              "application/vnd.oci.image.layer.v1.tar+zstd"},
    LayerType{"application/vnd.docker.image.rootfs.diff.tar",
              "application/vnd.oci.image.layer.v1.tar"},
    LayerType{"application/vnd.docker.image.rootfs.diff.tar.gzip", kOciLayerGzip},
    LayerType{"application/vnd.docker.image.rootfs.diff.tar.zstd",
              "application/vnd.oci.image.layer.v1.tar+zstd"},
};

std::string layer_type(const Descriptor& layer)
{
    const auto found = std::ranges::find(kLayerTypes, layer.media_type, &LayerType::read);
    if (found != kLayerTypes.end()) return found->written;
    const bool foreign = layer.media_type.find("nondistributable") != std::string::npos ||
                         layer.media_type.find("foreign") != std::string::npos;
    throw Error(ErrorKind::kInput,
                "layer " + layer.digest.text() + " has the " + (foreign ? "foreign" : "unknown") +
                    " media type \"" + printable(layer.media_type) + "\"",
                foreign ? "such a layer is not part of the image; take a base without one" : "");
}

/// The parts that both kinds of document share. One that could be read as either is refused: two
/// readers would see two images in it (CVE-2021-41190).
nlohmann::json
parse_document(std::string_view text, std::string_view media_type, const char* other_member)
{
    nlohmann::json json = parse_object(text);
    const nlohmann::json* version = find_member(json, "schemaVersion");
    if (version == nullptr || *version != 2)
        throw Error(ErrorKind::kInput,
                    "its schema version is not 2",
                    version != nullptr && *version == 1
                        ? "Docker's schema 1 was given up in 2017; push the image again"
                        : "");
    const std::string inside = string_member(json, "mediaType");
    if (!inside.empty() && inside != media_type)
        throw Error(ErrorKind::kInput,
                    "it says that it is \"" + printable(inside) + "\" where \"" +
                        std::string(media_type) + "\" was promised");
    if (find_member(json, other_member) != nullptr)
        throw Error(ErrorKind::kInput,
                    "it has a member \"" + std::string(other_member) +
                        "\", which its media type does not have");
    return json;
}

} // namespace

bool is_manifest_type(std::string_view media_type) noexcept
{
    return media_type == kOciManifest || media_type == kDockerManifest;
}

bool is_index_type(std::string_view media_type) noexcept
{
    return media_type == kOciIndex || media_type == kDockerList;
}

Manifest manifest_from_json(std::string_view text, std::string_view media_type)
{
    const nlohmann::json json = parse_document(text, media_type, "manifests");
    Manifest manifest;
    manifest.config = descriptor_from_json(object_member(json, "config"));
    const std::string& type = manifest.config.media_type;
    if (type != kOciConfig && type != kDockerConfig)
        throw Error(ErrorKind::kInput,
                    "it is no image: its configuration has the media type \"" + printable(type) +
                        "\"");
    const nlohmann::json* layers = find_member(json, "layers");
    if (layers == nullptr || !layers->is_array())
        throw Error(ErrorKind::kInput, "member \"layers\" is not a list");
    for (const nlohmann::json& item : *layers) {
        Descriptor layer = descriptor_from_json(item);
        layer.media_type = layer_type(layer);
        manifest.layers.push_back(std::move(layer));
    }
    return manifest;
}

std::vector<Descriptor> index_from_json(std::string_view text, std::string_view media_type)
{
    const nlohmann::json json = parse_document(text, media_type, "layers");
    const nlohmann::json* manifests = find_member(json, "manifests");
    if (manifests == nullptr || !manifests->is_array())
        throw Error(ErrorKind::kInput, "member \"manifests\" is not a list");
    std::vector<Descriptor> children;
    for (const nlohmann::json& item : *manifests)
        children.push_back(descriptor_from_json(item));
    return children;
}

std::string to_json_text(const Manifest& manifest)
{
    nlohmann::json json = {{"schemaVersion", 2},
                           {"mediaType", kOciManifest},
                           {"config", to_json(manifest.config)},
                           {"layers", nlohmann::json::array()}};
    for (const Descriptor& layer : manifest.layers)
        json["layers"].push_back(to_json(layer));
    return json.dump();
}

} // namespace caisson::runner
