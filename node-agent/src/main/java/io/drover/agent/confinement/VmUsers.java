package io.drover.agent.confinement;

import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The users that VMs run as: one for each VM of this host, with a group of the same number, and with no name. Which one a
 * VM has is kept as the owner of its run folder. The numbers are from a range that systemd leaves free (UIDS-GIDS,
 * "unused"), 65,536 for each data folder, so that agents that share a machine rarely share users.
 */
final class VmUsers {
    private static final int FIRST = 0x70000000;
    private static final int COUNT = 0x10000;
    /** How many ranges there are: the last ends at 0x77FFFFFF. */
    private static final int RANGES = 0x800;

    private final int first;

    /** Those of one agent. */
    VmUsers(Path data) {
        this.first = FIRST + Math.floorMod(data.toString().hashCode(), RANGES) * COUNT;
    }

    /** The VM's user, to which its run folder belongs from now on. */
    synchronized int of(VmFolder folder) throws IOException {
        int owner = owner(folder);
        if (isOurs(owner)) {
            return owner;
        }
        Set<Integer> taken = new HashSet<>();
        for (VmFolder other : VmFolder.in(folder.path().getParent())) {
            taken.add(owner(other));
        }
        for (int user = first; isOurs(user); user++) {
            if (!taken.contains(user)) {
                give(folder.run(), user);
                return user;
            }
        }
        throw new IOException(
                "users for VMs : " + COUNT + " (expected: one more than that, or fewer VMs on this host)");
    }

    /** Makes a file or folder this user's and group's; a link itself, not what it names. */
    static void give(Path file, int user) throws IOException {
        Files.setAttribute(file, "unix:gid", user, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(file, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
    }

    private boolean isOurs(int user) {
        return user >= first && user < first + COUNT;
    }

    /** 0 when it has no run folder. */
    private static int owner(VmFolder folder) throws IOException {
        try {
            return (Integer) Files.getAttribute(folder.run(), "unix:uid", LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException expected) {
            return 0;
        }
    }
}
