#pragma once

#include "policies/policy.hh"
#include "runner/graph/stages.hh"
#include "runner/image/base_image.hh"
#include "runner/progress/progress.hh"
#include "runner/request.hh"
#include "runner/store/store.hh"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// How far a base image is looked for. kHere: what is neither in a layout nor in the store is left
/// out, with an empty digest, no layers and the configuration of `scratch`.
enum class BaseSearch { kEverywhere, kHere };

/// Finds every base image that the needed stages name, once each, by its base_key(): a
/// --build-context of that name, an image of the store, or a registry; scratch needs none. One that
/// the policy does not allow is an Error of kind kRefused, all of them named at once.
[[nodiscard]] std::map<std::string, BaseImage> resolve_bases(const std::vector<NeededStage>& stages,
                                                             const BuildRequest& request,
                                                             const policies::Policy& policy,
                                                             Store& store,
                                                             Progress& progress,
                                                             BaseSearch search);

/// An image that is here: `oci-layout://DIR[:tag]` or the layout's directory itself, else an image
/// of the store by tag or digest. Nothing where there is none of that name.
[[nodiscard]] std::optional<BaseImage> find_local_image(Store& store, const std::string& name);

} // namespace caisson::runner
