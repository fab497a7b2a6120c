#include "sandbox/chamber/tree_tar.hh"
#include "sandbox/chamber/trees.hh"

namespace caisson::sandbox {

/// The root directory itself is no entry: its mode and owner are the base's business, and a layer
/// that repeats them changes with the umask of nobody knows whom.
TreeStats pack_layer(int root, std::int64_t epoch, int output)
{
    TreeTar tar(output, {.layer = true, .epoch = epoch});
    tar.add_contents(root, "");
    return tar.finish();
}

} // namespace caisson::sandbox
