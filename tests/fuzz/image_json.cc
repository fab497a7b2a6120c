// What a registry or a layout says about an image: a manifest, an index, a configuration. Each is
// refused with an Error of kind kInput, or is read, and written again it reads the same.
#include "runner/image/config.hh"
#include "runner/image/manifest.hh"
#include "sandbox/base/error.hh"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace caisson;

void require(bool condition)
{
    if (!condition) std::abort();
}

template<class Read>
void read(Read read)
{
    try {
        read();
    } catch (const Error& error) {
        require(error.kind() == ErrorKind::kInput);
    }
}

void check_descriptor(const runner::Descriptor& descriptor)
{
    const nlohmann::json written = runner::to_json(descriptor);
    require(runner::to_json(runner::descriptor_from_json(written)) == written);
}

void check_manifest(std::string_view text, std::string_view media_type)
{
    const runner::Manifest manifest = runner::manifest_from_json(text, media_type);
    for (const runner::Descriptor& layer : manifest.layers)
        check_descriptor(layer);
    // the configuration of a manifest of ours is always OCI's
    runner::Manifest ours = manifest;
    ours.config.media_type = runner::kOciConfig;
    const std::string written = runner::to_json_text(ours);
    require(runner::to_json_text(runner::manifest_from_json(written, runner::kOciManifest)) ==
            written);
}

void check_index(std::string_view text, std::string_view media_type)
{
    for (const runner::Descriptor& child : runner::index_from_json(text, media_type))
        check_descriptor(child);
}

void check_config(std::string_view text)
{
    const std::string written = runner::to_json_text(runner::config_from_json(text));
    require(runner::to_json_text(runner::config_from_json(written)) == written);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read([&] { check_manifest(text, runner::kOciManifest); });
    read([&] { check_manifest(text, runner::kDockerManifest); });
    read([&] { check_index(text, runner::kOciIndex); });
    read([&] { check_index(text, runner::kDockerList); });
    read([&] { check_config(text); });
    return 0;
}
