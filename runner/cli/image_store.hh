#pragma once

#include "runner/cli/command.hh"
#include "runner/store/store.hh"

#include <cstdint>
#include <memory>
#include <string>

namespace caisson::runner {

/// The store of this user.
[[nodiscard]] std::unique_ptr<Store> open_store();

/// An image of the store by name or digest; none of that name is an Error of kind kInput.
[[nodiscard]] ImageRef require_image(const Store& store, const std::string& name);

/// "2.4 MB", as registries and Docker count.
[[nodiscard]] std::string in_units(std::uint64_t bytes);

/// Those verbs of `caisson image` by which images come and go; the action of whichever was given.
[[nodiscard]] Action add_image_transfer(CLI::App& app);

} // namespace caisson::runner
