#include "runs/file_system.hpp"

#include <sys/vfs.h>
#include <algorithm>
#include <array>

namespace vaso::runs {
namespace {

// Magic numbers of statfs(2) and linux/magic.h. FUSE (sshfs, but also local drivers), 9p, NFS, SMB, Lustre, GPFS,
// BeeGFS and Ceph are left out on purpose: https://www.sqlite.org/wal.html "does not work over a network filesystem".
constexpr std::array<std::uint32_t, 13> local_types = {
    0x0000EF53,  // ext2, ext3, ext4
    0x58465342,  // XFS
    0x9123683E,  // Btrfs
    0x2FC12FC1,  // ZFS
    0xF2F52010,  // F2FS
    0xCA451A4E,  // bcachefs
    0x3153464A,  // JFS
    0x52654973,  // ReiserFS
    0x01021994,  // tmpfs
    0x858458F6,  // ramfs
    0x794C7630,  // overlayfs: containers
    0x00004D44,  // FAT
    0x2011BAB0,  // exFAT
};

}  // namespace

bool is_local(std::uint32_t type) {
  return std::find(local_types.begin(), local_types.end(), type) != local_types.end();
}

bool on_local_disk(const std::filesystem::path& folder) {
  struct statfs answer {};
  return statfs(folder.c_str(), &answer) == 0 && is_local(static_cast<std::uint32_t>(answer.f_type));
}

}  // namespace vaso::runs
