#pragma once

#include "runner/store/store.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>

namespace caisson::runner {

/// A fresh store for each test.
class StoreTest : public ::testing::Test {
protected:
    TempDirectory directory{std::filesystem::temp_directory_path(), "caisson-store-test-"};
    std::filesystem::path root = directory.path() / "store";
    std::unique_ptr<Store> store = Store::open(root);

    void reopen()
    {
        store.reset();
        store = Store::open(root);
    }
    /// What the chamber would do.
    void make_tree(const std::string& name) const
    {
        ASSERT_EQ(::mkdirat(store->trees(), name.c_str(), 0755), 0) << name;
    }
    [[nodiscard]] std::filesystem::path blob_path(const attest::Digest& digest) const
    {
        return root / "blobs/sha256" / digest.hex();
    }
    /// As after a reboot: what was written carries the id of another boot.
    static void pretend_earlier_boot(const std::filesystem::path& blob);
};

/// The message of the Error of that kind that `action` must throw.
template<class Action>
std::string error_of(ErrorKind kind, Action&& action)
{
    try {
        action();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

} // namespace caisson::runner
