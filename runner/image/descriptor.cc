#include "runner/image/descriptor.hh"

#include "runner/image/json_input.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

namespace caisson::runner {
namespace {

/// Only the members that image-spec defines for a platform, each of its type: the rest of a foreign
/// object would be carried on and written out again.
nlohmann::json platform_from_json(const nlohmann::json& json)
{
    nlohmann::json platform = nlohmann::json::object();
    for (const char* name : {"architecture", "os", "os.version", "variant"})
        if (std::string value = string_member(json, name); !value.empty())
            platform[name] = std::move(value);
    if (std::vector<std::string> features = list_member(json, "os.features"); !features.empty())
        platform["os.features"] = std::move(features);
    return platform;
}

} // namespace

nlohmann::json to_json(const Descriptor& descriptor)
{
    nlohmann::json json = {{"mediaType", descriptor.media_type},
                           {"digest", descriptor.digest.text()},
                           {"size", descriptor.size}};
    if (!descriptor.artifact_type.empty()) json["artifactType"] = descriptor.artifact_type;
    if (!descriptor.annotations.empty()) json["annotations"] = descriptor.annotations;
    if (!descriptor.platform.is_null()) json["platform"] = descriptor.platform;
    return json;
}

Descriptor descriptor_from_json(const nlohmann::json& json)
{
    if (!json.is_object()) throw Error(ErrorKind::kInput, "a descriptor is not a JSON object");
    Descriptor descriptor;
    descriptor.media_type = string_member(json, "mediaType");
    if (descriptor.media_type.empty())
        throw Error(ErrorKind::kInput, "a descriptor has no \"mediaType\"");

    const std::string text = string_member(json, "digest");
    const std::optional<attest::Digest> digest = attest::Digest::parse(text);
    // the digest becomes a file name and part of a URL: CVE-2024-3727
    if (!digest)
        throw Error(ErrorKind::kInput,
                    "\"" + printable(text) +
                        "\" is not a digest: \"sha256:\" and 64 lower-case hexadecimal digits");
    descriptor.digest = *digest;

    const nlohmann::json* size = find_member(json, "size");
    // one above 2^63-1 comes out negative
    if (size == nullptr || !size->is_number_integer() || size->get<std::int64_t>() < 0)
        throw Error(ErrorKind::kInput,
                    "the size of " + descriptor.digest.text() +
                        " is not a number of bytes from 0 to 2^63-1");
    descriptor.size = size->get<std::uint64_t>();

    descriptor.artifact_type = string_member(json, "artifactType");
    descriptor.annotations = map_member(json, "annotations");
    if (find_member(json, "platform") != nullptr)
        descriptor.platform = platform_from_json(object_member(json, "platform"));
    return descriptor;
}

} // namespace caisson::runner
