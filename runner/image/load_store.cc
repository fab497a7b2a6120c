#include "runner/image/blob_source.hh"
#include "runner/image/purl.hh"

namespace caisson::runner {

std::optional<BaseImage>
load_from_store(Store& store, const std::string& name, const std::string& architecture)
{
    const std::optional<ImageRef> ref = store.find_image(name);
    if (!ref) return std::nullopt;
    BaseImage image = read_image(store, ref->manifest);
    if (!architecture.empty() && image.config.architecture != architecture) return std::nullopt;
    image.source = ref->name;
    if (!ref->origin.empty()) {
        image.resolved = ref->origin;
        if (!ref->index.empty()) image.index = ref->index;
        return image;
    }
    const std::size_t slash = ref->name.rfind('/');
    const std::size_t start = slash == std::string::npos ? 0 : slash + 1;
    const std::size_t colon = ref->name.find(':', start);
    image.resolved = package_url(
        "oci",
        ref->name.substr(start, colon - start),
        image.manifest.digest.text(),
        {{"platform", "linux/" + image.config.architecture}, {"tag", ref->name.substr(colon + 1)}});
    return image;
}

} // namespace caisson::runner
