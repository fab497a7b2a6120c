#pragma once

#include "attest/digest.hh"
#include "attest/record.hh"
#include "runner/image/descriptor.hh"
#include "sandbox/base/unique_fd.hh"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// What the cache knows of one step: its tree, its layer and its evidence.
struct StepEntry {
    std::string tree; ///< empty where the step changed no file, and where only its layer is left,
                      ///< to be unpacked
    std::optional<Layer> layer; ///< nothing where the step changed no file
    attest::StepEvidence evidence;
    std::string output_tail; ///< what it printed last
};

/// A tag of the store: the image and its attestation, one file, so that they appear together.
struct ImageRef {
    std::string
        name; ///< normalised, "docker.io/library/app:1.4" is written "app:1.4" as the user gave it
    Descriptor manifest;
    attest::Digest bundle; ///< the Sigstore bundle's blob
    std::string created;   ///< when it was put here, RFC 3339
    std::string origin;    ///< of one that was pulled: its package URL; empty: it was built here
    attest::Digest index;  ///< of one that was pulled: the index it was chosen from; empty: none
};

/// The unpacked tree of a layer.
struct LayerTree {
    std::string tree;
    attest::Digest
        measured; ///< measure_tree() of it from before any step could read it; may be empty
};

/// Takes a blob in, hashing while it writes. Uncommitted, it leaves nothing.
class BlobWriter {
public:
    BlobWriter(BlobWriter&&) noexcept;
    ~BlobWriter();
    void write(std::string_view bytes);
    /// Names the file by its digest. `expected`, if given, must be it, else an Error of kind
    /// kInput.
    struct Stored {
        attest::Digest digest;
        std::uint64_t size = 0;
    };
    Stored commit(const std::optional<attest::Digest>& expected = std::nullopt);

private:
    friend class Store;
    struct State;
    explicit BlobWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The store: blobs by digest, trees of the chamber, cached steps, tags. Every entry is one file
/// that appears by rename(2), so a killed process leaves a whole store; what a power cut can lose
/// is told by the boot id in an entry and checked against its digest before use. Safe for several
/// builds at once and for threads. Whoever has it open holds a shared lock on `lock`; what removes
/// things that others may be about to name takes it alone.
///
///   version  lock  blobs/sha256/<hex>  trees/<build>.<n>  steps/<hex>.json  layers/<hex>.json
///   images/<escaped name>.json  builds/<build>  tmp/
///   quarantine/
class Store {
public:
    /// `$CAISSON_STORE`, else `$XDG_DATA_HOME/caisson` (`~/.local/share/caisson`), as root
    /// `/var/lib/caisson`.
    [[nodiscard]] static std::filesystem::path default_path();
    /// Opens or makes the store; a foreign directory, an unknown version or a read-only disk is an
    /// Error of kind kInput.
    [[nodiscard]] static std::unique_ptr<Store> open(const std::filesystem::path& root);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    [[nodiscard]] const std::filesystem::path& root() const noexcept;
    /// The directory of trees, borrowed. Its entries belong to subordinate ids: only a chamber can
    /// look inside.
    [[nodiscard]] int trees() const noexcept;
    [[nodiscard]] bool has_tree(const std::string& tree) const;
    /// A name for a new tree of this build, never used before.
    [[nodiscard]] std::string new_tree();

    [[nodiscard]] BlobWriter new_blob();
    attest::Digest put_blob(std::string_view bytes);
    /// Present, and of that size where one is given.
    [[nodiscard]] bool has_blob(const attest::Digest& digest,
                                std::optional<std::uint64_t> size = std::nullopt) const;
    /// Open for reading; missing: Error of kind kInput.
    [[nodiscard]] UniqueFd open_blob(const attest::Digest& digest) const;
    /// Read whole and checked against the digest.
    [[nodiscard]] std::string read_blob(const attest::Digest& digest,
                                        std::size_t limit = 64U << 20) const;

    /// Nothing for a miss, and for an entry that is damaged or whose layer is.
    [[nodiscard]] std::optional<StepEntry> find_step(const attest::Digest& key) const;
    void put_step(const attest::Digest& key, const StepEntry& entry);

    /// The unpacked tree of a layer, by a digest over the blobs from the bottom of the image up to
    /// it, which the runner has hashed. Not by diff ids: those are what an image says of itself,
    /// and one image could give its own files for another's.
    [[nodiscard]] std::optional<LayerTree> find_layer_tree(const attest::Digest& chain) const;
    void put_layer_tree(const attest::Digest& chain, const LayerTree& tree);
    /// No entry names this tree any more, so that no later build uses it: its files may be damaged.
    /// Its layer stays.
    void distrust_tree(const std::string& tree);

    [[nodiscard]] std::vector<ImageRef> images() const; ///< by name
    [[nodiscard]] std::optional<ImageRef> find_image(const std::string& name_or_digest) const;
    void put_image(const ImageRef& ref);
    bool remove_image(const std::string& name); ///< false where there is none

    /// Trees that builds which ended badly left behind: for the chamber to remove, then
    /// forget_leftovers().
    [[nodiscard]] std::vector<std::string> leftover_trees();
    void forget_leftovers();
    /// What is in the store. Trees belong to subordinate ids: only a chamber could measure them.
    struct Usage {
        std::size_t images = 0;
        std::size_t steps = 0;
        std::size_t trees = 0;
        std::size_t blobs = 0;
        std::uint64_t blob_bytes = 0;
        std::size_t loose_blobs = 0; ///< that no image and no step names: collect() removes them
        std::uint64_t loose_bytes = 0;
    };
    [[nodiscard]] Usage usage() const;

    /// Reads every blob and entry, whatever was known of them, and moves what is damaged into
    /// quarantine/. What names a blob that is then missing is told too, and stays: it is a miss, or
    /// an error that says what to do. Each line says one thing.
    [[nodiscard]] std::vector<std::string> verify();

    /// Removes cached steps and unpacked layers that nobody used for `age`, then blobs that nothing
    /// names any more, and returns the trees that nothing names, for a chamber to remove. Names
    /// stay. While another caisson works in the store it is an Error of kind kInput.
    struct Collected {
        std::size_t steps = 0;
        std::size_t blobs = 0;
        std::uint64_t bytes = 0; ///< of the blobs
        std::vector<std::string> trees;
    };
    [[nodiscard]] Collected collect(std::optional<std::chrono::hours> age);

    /// Forgets every tag, cached step and blob, and returns all trees for a chamber to
    /// remove. While another build runs in the store it is an Error of kind kInput.
    [[nodiscard]] std::vector<std::string> forget_all();
    /// Marks this build as ended well; until then its trees that no entry names count as leftovers.
    void end_build();

private:
    struct State;
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace caisson::runner
