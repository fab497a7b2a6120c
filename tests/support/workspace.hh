#pragma once

#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <filesystem>
#include <string>
#include <vector>

namespace caisson::testing {

/// How a program ended and what it said.
struct Ran {
    int exit = 0;
    std::string out;
    std::string err;
};

/// Runs a program to its end with exactly this environment.
Ran run(const std::filesystem::path& program,
        const std::vector<std::string>& arguments,
        const std::vector<std::string>& environment = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin"});

/// A directory with a context, a store and a key of its own, in which the real `caisson` is run.
/// What it leaves, the trees of the store included, is removed at the end.
class Workspace {
public:
    explicit Workspace(
        const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    [[nodiscard]] std::filesystem::path path(const std::string& name = "") const
    {
        return directory_.path() / name;
    }
    [[nodiscard]] std::filesystem::path context() const { return path("context"); }
    /// Writes a file of the context, parents included.
    void write(const std::string& name, const std::string& content, unsigned mode = 0644) const;
    /// Puts /bin/busybox into the context; a Dockerfile starts with busybox_root() then.
    void add_busybox() const;
    /// The lines that make a root with a shell and the usual small tools.
    [[nodiscard]] static std::string busybox_root();

    /// `caisson ARGUMENTS…` with this workspace's store and key.
    Ran caisson(const std::vector<std::string>& arguments) const;
    /// `caisson build OPTIONS… context` with this Dockerfile.
    Ran build(const std::string& dockerfile, std::vector<std::string> options = {}) const;
    [[nodiscard]] std::vector<std::string> environment() const;
    /// Starts it without waiting.
    [[nodiscard]] Program start(std::vector<std::string> arguments, int output = -1) const;
    /// Another store from here on.
    void use_store(const std::string& name) { store_ = name; }
    [[nodiscard]] std::filesystem::path store() const { return path(store_); }

private:
    TempDirectory directory_;
    std::string store_ = "store";
};

/// The processes that still run one of our programs on behalf of this workspace's store, by pid.
[[nodiscard]] std::vector<int> processes_of(const Workspace& workspace);

} // namespace caisson::testing
