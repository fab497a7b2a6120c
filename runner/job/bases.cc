#include "runner/job/bases.hh"

#include "runner/job/interrupt.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <set>

namespace caisson::runner {
namespace {

constexpr std::string_view kLayout = "oci-layout://";
constexpr std::string_view kDockerImage = "docker-image://";

std::set<std::string> names_of(const std::vector<NeededStage>& stages)
{
    std::set<std::string> names;
    const auto add = [&](const StageReference& reference) {
        if (!reference.stage && reference.image != "scratch") names.insert(reference.image);
    };
    for (const NeededStage& stage : stages) {
        add(stage.base);
        for (const auto& [name, reference] : stage.copies)
            add(reference);
    }
    return names;
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

BaseImage resolve(const std::string& name,
                  const BuildRequest& request,
                  const policies::Policy& policy,
                  Store& store,
                  BaseSearch search)
{
    std::string reference = name;
    if (const auto given = request.build_contexts.find(name);
        given != request.build_contexts.end()) {
        const std::string& value = given->second;
        if (value.starts_with(kLayout)) {
            const auto [directory, tag] = split_layout(value.substr(kLayout.size()));
            BaseImage image = load_from_layout(store, directory, tag);
            image.source = name;
            return image;
        }
        if (!value.starts_with(kDockerImage))
            throw Error(ErrorKind::kUsage,
                        "--build-context " + name + "=" + value +
                            ": a context of this kind is not supported yet",
                        "oci-layout://DIR[:tag] and docker-image://REFERENCE are");
        reference = value.substr(kDockerImage.size());
    } else if (auto image = load_from_store(store, name)) {
        image->source = name;
        return *image;
    }
    if (search == BaseSearch::kHere) return {.source = name, .config = scratch_config()};
    BaseImage image = pull(store, reference, {.plain_http_loopback = policy.plain_http_loopback});
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
    const std::set<std::string> names = names_of(stages);
    std::string refused;
    for (const std::string& name : names)
        if (!policies::allows_base_image(policy, name))
            refused += (refused.empty() ? "\"" : ", \"") + name + "\"";
    if (!refused.empty())
        throw Error(ErrorKind::kRefused,
                    "the policy \"" + policy.name + "\" does not allow the base " + refused,
                    "its key base_images lists what a FROM may name");
    std::map<std::string, BaseImage> bases;
    for (const std::string& name : names) {
        Interrupt::check();
        bases.emplace(name, in_context("base image \"" + name + "\"", [&] {
                          return resolve(name, request, policy, store, search);
                      }));
        const attest::Digest& digest = bases.at(name).manifest.digest;
        if (!digest.empty()) progress.result("base " + name, digest.text());
    }
    return bases;
}

} // namespace caisson::runner
