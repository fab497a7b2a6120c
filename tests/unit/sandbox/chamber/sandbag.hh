#pragma once

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/trees.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox::testing {

/// A tree's directory with a canary beside it that nothing may touch, unpacked into without a
/// worker's walls: what holds here holds by the unpacker itself.
class Sandbag {
public:
    Sandbag()
        : directory_(std::filesystem::temp_directory_path(), "caisson-unpack-")
    {
        std::filesystem::create_directory(root());
        std::filesystem::create_directory(outside());
        write_file_atomically(outside() / "canary", "alive");
        ::chmod(root().c_str(), 0755);
    }

    [[nodiscard]] std::filesystem::path root() const { return directory_.path() / "root"; }
    [[nodiscard]] std::filesystem::path outside() const { return directory_.path() / "outside"; }

    [[nodiscard]] TreeStats unpack(const std::string& bytes) const
    {
        const UniqueFd input = file_with(bytes);
        const UniqueFd directory = open_file(root(), O_RDONLY | O_DIRECTORY);
        return unpack_layer(directory.get(), input.get());
    }

    /// "" or the error.
    [[nodiscard]] std::string refusal_of(const std::string& bytes) const
    {
        try {
            (void)unpack(bytes);
            return "";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
            return error.what();
        }
    }

    void expect_canary_alive() const
    {
        EXPECT_EQ(content_of(outside() / "canary"), "alive");
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(outside()), {}), 1);
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 2);
    }

private:
    TempDirectory directory_;
};

/// A name that many directories deep.
[[nodiscard]] inline std::string deep(int levels)
{
    std::string path;
    for (int level = 0; level < levels; ++level)
        path += "d/";
    return path + "f";
}

/// An archive of one entry with a pax header before it.
[[nodiscard]] inline std::string
with_records(std::vector<std::pair<std::string, std::string>> records, RawEntry entry)
{
    entry.records = std::move(records);
    return TarBuilder().add(entry).finish();
}

} // namespace caisson::sandbox::testing
