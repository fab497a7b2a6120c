#pragma once

#include <filesystem>

/// Where things are. Only paths.cc is compiled with the checkout's path, so that a compiler cache
/// serves every other test to a clone in another folder.
namespace caisson::checkout {

/// The checkout.
[[nodiscard]] std::filesystem::path source();
/// The public test data beside the checkout; may be absent.
[[nodiscard]] std::filesystem::path shared();
/// The programs as built: caisson and those that it starts.
[[nodiscard]] std::filesystem::path bin();
/// The folder that all of it is built in.
[[nodiscard]] std::filesystem::path build();
/// The small attackers that run inside a cell.
[[nodiscard]] std::filesystem::path probe();
/// Where tests/support/make_debian_root puts a Debian system.
[[nodiscard]] std::filesystem::path real();
/// The program that takes what it can get.
[[nodiscard]] std::filesystem::path hog();
/// Where tests/support/install_readers puts what npm has.
[[nodiscard]] std::filesystem::path readers();

} // namespace caisson::checkout
