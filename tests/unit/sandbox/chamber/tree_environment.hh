#pragma once

#include "sandbox/base/file.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/chamber/worker.hh"

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// What the tests of trees stand on: linking this file moves the test program into a user namespace
/// with 65,536 ids and a mount namespace before the first test, as the chamber has them.
namespace caisson::sandbox::testing {

/// A store's directory of trees below the system's temporary directory.
class TreeStore {
public:
    TreeStore();
    ~TreeStore();
    TreeStore(const TreeStore&) = delete;
    TreeStore& operator=(const TreeStore&) = delete;

    [[nodiscard]] int trees() const { return trees_.get(); }
    /// The files of a tree; made where it is new.
    [[nodiscard]] std::filesystem::path tree(const std::string& id);

    /// Runs `body` as a worker in `view` with `input` as the bytes of its stream; the worker's
    /// answer.
    [[nodiscard]] nlohmann::json
    work(const WorkerView& view,
         const std::string& input,
         const std::function<std::string(int root, int stream)>& body) const;
    /// The same for a body that writes: {answer, what it wrote}.
    [[nodiscard]] std::pair<nlohmann::json, std::string>
    work_out(const WorkerView& view,
             const std::function<std::string(int root, int stream)>& body) const;

private:
    TempDirectory directory_;
    UniqueFd trees_;
};

/// The whole worker's answer as JSON; an Error where there is none. Reaps it.
[[nodiscard]] nlohmann::json answer_of(const Worker& worker);

/// A temporary file with these bytes, positioned at its start.
[[nodiscard]] UniqueFd file_with(const std::string& bytes);

/// One line an entry below `root`, sorted: path, kind, mode, owner, time, size or target, content's
/// hash, attributes, and which entries are hard links of one another.
[[nodiscard]] std::vector<std::string> listing_of(const std::filesystem::path& root);

/// Content of a file below a directory.
[[nodiscard]] std::string content_of(const std::filesystem::path& path);

} // namespace caisson::sandbox::testing
