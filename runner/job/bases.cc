#include "runner/job/bases.hh"

#include "runner/image/platform.hh"
#include "runner/job/interrupt.hh"
#include "runner/registry/pull.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <set>

namespace caisson::runner {
namespace {

constexpr std::string_view kLayout = "oci-layout://";
constexpr std::string_view kDockerImage = "docker-image://";

/// The base images that stages need, by their keys.
std::map<std::string, StageReference> images_of(const std::vector<NeededStage>& stages)
{
    std::map<std::string, StageReference> images;
    const auto add = [&](const StageReference& reference) {
        if (!reference.stage && reference.image != "scratch")
            images.emplace(base_key(reference), reference);
    };
    for (const NeededStage& stage : stages) {
        add(stage.base);
        for (const auto& [name, reference] : stage.copies)
            add(reference);
    }
    return images;
}

/// "DIR", "DIR:tag" or "DIR@digest": a tag cannot hold a '/', so a colon before the last one is the
/// path's.
std::pair<std::filesystem::path, std::string> split_layout(const std::string& text)
{
    std::size_t mark = text.find('@');
    if (mark == std::string::npos) {
        mark = text.rfind(':');
        if (mark != std::string::npos && text.find('/', mark) != std::string::npos)
            mark = std::string::npos;
    }
    if (mark == std::string::npos) return {text, ""};
    return {text.substr(0, mark), text.substr(mark + 1)};
}

BaseImage resolve(const StageReference& wanted,
                  const BuildRequest& request,
                  const policies::Policy& policy,
                  Store& store,
                  Progress& progress,
                  BaseSearch search)
{
    const std::string& name = wanted.image;
    std::string reference = name;
    if (const auto given = request.build_contexts.find(name);
        given != request.build_contexts.end()) {
        const std::string& value = given->second;
        if (value.starts_with(kLayout)) {
            const auto [directory, tag] = split_layout(value.substr(kLayout.size()));
            BaseImage image = load_from_layout(store, directory, tag, wanted.architecture);
            image.source = name;
            return image;
        }
        if (!value.starts_with(kDockerImage))
            throw Error(ErrorKind::kUsage,
                        "--build-context " + name + "=" + value +
                            ": a context of this kind is not supported yet",
                        "oci-layout://DIR[:tag] and docker-image://REFERENCE are");
        reference = value.substr(kDockerImage.size());
    }
    if (!request.pull || search == BaseSearch::kHere) {
        if (auto image = load_from_store(store, reference, wanted.architecture)) {
            image->source = name;
            return *image;
        }
    }
    if (search == BaseSearch::kHere) {
        BaseImage unknown{.source = name, .config = scratch_config()};
        if (!wanted.architecture.empty()) unknown.config.architecture = wanted.architecture;
        return unknown;
    }
    const RegistryAccess access =
        RegistryAccess::of_this_user(policy.plain_http_loopback, [] { Interrupt::check(); });
    BaseImage image = pull(store, access, reference, wanted.architecture);
    const bool of_this_machine =
        wanted.architecture.empty() || wanted.architecture == host_architecture();
    if (of_this_machine)
        if (const auto former = keep_pulled(store, image))
            progress.warning("base image \"" + name + "\" has moved: it was " + former->text() +
                             ", it is " + image.manifest.digest.text());
    image.source = name;
    return image;
}

} // namespace

std::optional<BaseImage> find_local_image(Store& store, const std::string& name)
{
    const bool by_scheme = name.starts_with(kLayout);
    const auto [directory, tag] = split_layout(by_scheme ? name.substr(kLayout.size()) : name);
    std::error_code failure;
    if (by_scheme || std::filesystem::exists(directory / "oci-layout", failure))
        return load_from_layout(store, directory, tag);
    return load_from_store(store, name);
}

std::map<std::string, BaseImage> resolve_bases(const std::vector<NeededStage>& stages,
                                               const BuildRequest& request,
                                               const policies::Policy& policy,
                                               Store& store,
                                               Progress& progress,
                                               BaseSearch search)
{
    const std::map<std::string, StageReference> images = images_of(stages);
    std::set<std::string> refused_names;
    for (const auto& [key, reference] : images)
        if (!policies::allows_base_image(policy, reference.image))
            refused_names.insert(reference.image);
    std::string refused;
    for (const std::string& name : refused_names)
        refused += (refused.empty() ? "\"" : ", \"") + name + "\"";
    if (!refused.empty())
        throw Error(ErrorKind::kRefused,
                    "the policy \"" + policy.name + "\" does not allow the base " + refused,
                    "its key base_images lists what a FROM may name");
    std::map<std::string, BaseImage> bases;
    for (const auto& image : images) {
        const std::string& key = image.first;
        Interrupt::check();
        bases.emplace(key, in_context("base image \"" + key + "\"", [&] {
                          return resolve(image.second, request, policy, store, progress, search);
                      }));
        const attest::Digest& digest = bases.at(key).manifest.digest;
        if (!digest.empty()) progress.result("base " + key, digest.text());
    }
    return bases;
}

} // namespace caisson::runner
