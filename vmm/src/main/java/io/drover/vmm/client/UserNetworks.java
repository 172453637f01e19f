package io.drover.vmm.client;

import io.drover.vmm.net.user.PasstCommand;
import io.drover.vmm.net.user.UserNetwork;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The passt(1) processes behind nics on user networks, as whoever starts and ends VMs knows them. */
public final class UserNetworks {
    /** Looked up in the PATH; of the Debian package of that name. */
    public static final String PROGRAM = PasstCommand.PROGRAM;
    public static final int DEFAULT_MTU_BYTES = UserNetwork.DEFAULT_MTU_BYTES;

    private static final int MARK_BYTES = 8;

    private UserNetworks() {}

    /**
     * What is one whole argument in the command line of each passt of a VM, and of no other's: so that one is found which a VMM
     * that was killed has left before it was connected to it.
     *
     * @param uid
     *            of the VM
     */
    public static String mark(String uid) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(uid.getBytes(StandardCharsets.UTF_8));
            return "passt-" + HexFormat.of().formatHex(hash, 0, MARK_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256 (java.security.MessageDigest)", e);
        }
    }

    /** The name of a nic's folder in its VM's. */
    public static String folder(String nic) {
        return "nic-" + nic;
    }

    /** Where passt listens for the one that it serves. */
    public static Path socket(Path folder, String uid) {
        return folder.resolve(mark(uid));
    }

    /**
     * The command of a passt that goes into the background when it listens, and ends with the one that it serves. To be run in
     * the nic's folder.
     */
    public static List<String> command(String uid, int mtuBytes, List<VmmNic.Forward> forwards) {
        List<String> command = new ArrayList<>(List.of(PROGRAM));
        command.addAll(PasstCommand.options(mark(uid), mtuBytes,
                forwards.stream().map(VmmNic.Forward::toPortForward).toList()));
        return command;
    }

    /** Makes a nic's folder, if it is not there, in which passt can make its socket as the user that it becomes. */
    public static void makeFolder(Path folder) throws IOException {
        UserNetwork.makeFolder(folder);
    }
}
