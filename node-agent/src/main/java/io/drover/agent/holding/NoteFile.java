package io.drover.agent.holding;

import com.google.protobuf.InvalidProtocolBufferException;
import io.drover.agent.folder.DurableFile;
import io.drover.agent.handoff.HandOffNote;
import io.drover.agent.handoff.Notes;
import io.drover.proto.agent.v1.LocalHandOff;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** A hand-off's note in a file of its own. */
public final class NoteFile implements Notes {
    private static final int FORMAT = 1;

    private final Path file;

    /**
     * The note in a file.
     *
     * @param file in a folder that is there
     */
    public NoteFile(Path file) {
        this.file = file;
    }

    @Override
    public void keep(HandOffNote note) throws IOException {
        DurableFile.replace(file, LocalHandOff.newBuilder().setFormat(FORMAT).setRole(switch (note.role()) {
            case SOURCE -> LocalHandOff.Role.SOURCE;
            case DESTINATION -> LocalHandOff.Role.DESTINATION;
        }).setMigration(HoldCodec.encode(note.move())).setClaimed(note.claimed()).build().toByteArray());
    }

    /**
     * What an earlier agent left.
     *
     * @return empty when no hand-off was under way
     * @throws IOException when it cannot be read, or is of a newer format: the VM is left alone then
     */
    public Optional<HandOffNote> read() throws IOException {
        try {
            LocalHandOff stored = LocalHandOff.parseFrom(Files.readAllBytes(file));
            if (stored.getFormat() != FORMAT) {
                throw new IOException(file + " format : " + stored.getFormat() + " (expected: " + FORMAT
                        + "; run the agent that wrote it, or a newer one)");
            }
            return Optional.of(new HandOffNote(switch (stored.getRole()) {
                case SOURCE -> HandOffNote.Role.SOURCE;
                case DESTINATION -> HandOffNote.Role.DESTINATION;
                case ROLE_UNSPECIFIED, UNRECOGNIZED ->
                    throw new IOException(file + " role : " + stored.getRoleValue() + " (expected: 1 or 2)");
            }, HoldCodec.move(stored.getMigration()), stored.getClaimed()));
        } catch (NoSuchFileException expected) {
            return Optional.empty();
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    @Override
    public void forget() throws IOException {
        if (Files.deleteIfExists(file)) {
            DurableFile.syncFolder(file.toAbsolutePath().getParent());
        }
    }
}
