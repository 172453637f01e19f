package io.drover.controller.image;

import io.drover.controller.file.DamagedUploadException;
import io.drover.controller.file.FileStore;
import io.drover.controller.file.Upload;
import io.drover.controller.list.PageSize;
import io.drover.controller.list.PageToken;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.Image.Source;
import io.drover.controller.record.ImageId;
import io.drover.controller.stream.Calls;
import io.drover.controller.stream.ClientGoneException;
import io.drover.controller.stream.Inbound;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.DeleteImageRequest;
import io.drover.proto.v1.DeleteImageResponse;
import io.drover.proto.v1.GetImageRequest;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.ImageServiceGrpc;
import io.drover.proto.v1.ListImagesRequest;
import io.drover.proto.v1.ListImagesResponse;
import io.drover.proto.v1.UploadFileRequest;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** drover.v1.ImageService. */
public final class ImageApi extends ImageServiceGrpc.ImageServiceImplBase {
    private static final int MAX_CHUNK_BYTES = 1 << 20;

    private final Calls calls;
    private final ImageOperations operations;
    private final FileStore files;

    public ImageApi(Calls calls, ImageOperations operations, FileStore files) {
        this.calls = calls;
        this.operations = operations;
        this.files = files;
    }

    @Override
    public StreamObserver<UploadFileRequest> uploadFile(StreamObserver<ImageFile> response) {
        return calls.collecting(response, this::upload);
    }

    private ImageFile upload(Inbound<UploadFileRequest> in)
            throws ProblemException, ClientGoneException, InterruptedException {
        Optional<UploadFileRequest> first = in.next();
        Violations violations = new Violations();
        violations.require(first.isPresent() && first.get().hasFile(), "file",
                "missing in the first message (expected: the SHA-256 and the size of the file)");
        violations.throwIfAny();
        Optional<io.drover.controller.record.Image.ImageFile> announced = ImageMessages.file(first.get().getFile(),
                "file", violations);
        violations.throwIfAny();
        var file = announced.orElseThrow();
        String resource = "files/" + file.sha256();
        try {
            OptionalLong there = files.size(file.sha256());
            if (there.isPresent()) {
                files.touch(file.sha256());
                return ImageMessages.of(file).toBuilder().setSizeBytes(there.getAsLong()).build();
            }
            try (Upload upload = files.upload(file.sha256(), file.sizeBytes())) {
                for (Optional<UploadFileRequest> next = first; next.isPresent(); next = in.next()) {
                    if (next.get().getData().size() > MAX_CHUNK_BYTES) {
                        throw ProblemException.invalid("data",
                                next.get().getData().size() + " bytes (expected: at most " + MAX_CHUNK_BYTES + ")");
                    }
                    upload.write(next.get().getData().asReadOnlyByteBuffer());
                }
                upload.finish();
            }
            return ImageMessages.of(file);
        } catch (DamagedUploadException e) {
            throw new ProblemException(new Problem.Damaged(resource, e.getMessage()), e);
        } catch (IOException e) {
            if (diskFull(e)) {
                throw new ProblemException(
                        new Problem.DiskFull(resource, "the disk of the controller is full: " + e.getMessage()),
                        e);
            }
            throw new ProblemException(Calls.fault(e), e);
        }
    }

    /** Java has no type for it: the text is the system's, ENOSPC or EDQUOT. */
    private static boolean diskFull(IOException failure) {
        String text = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return text.contains("no space left") || text.contains("quota exceeded");
    }

    @Override
    public void createImage(CreateImageRequest request, StreamObserver<Image> response) {
        calls.unary(response, () -> {
            Violations violations = new Violations();
            Optional<ImageId> id = violations.id("image_id", request.getImageId(), ImageId::new);
            String name = request.getImage().getName();
            violations.require(name.isEmpty() || name.equals(ImageId.COLLECTION + "/" + request.getImageId()),
                    "image.name",
                    Violations.quoted(name) + " (expected: nothing, or images/ and the image_id)");
            violations.requestId(request.getRequestId());
            Optional<Source> source = ImageMessages.read(request.getImage(), violations);
            violations.throwIfAny();
            return ImageMessages
                    .of(operations.create(id.orElseThrow(), source.orElseThrow(), request.getImage().getDescription(),
                            request.getRequestId()));
        });
    }

    @Override
    public void getImage(GetImageRequest request, StreamObserver<Image> response) {
        calls.unary(response, () -> ImageMessages.of(operations.get(id(request.getName()))));
    }

    @Override
    public void listImages(ListImagesRequest request, StreamObserver<ListImagesResponse> response) {
        calls.unary(response, () -> {
            int size = PageSize.of(request.getPageSize());
            Optional<ImageId> after = PageToken.decode(request.getPageToken(), ImageId.COLLECTION, "")
                    .map(ImageId::new);
            List<io.drover.controller.record.Image> page = operations.page(after, size + 1);
            ListImagesResponse.Builder list = ListImagesResponse.newBuilder();
            page.stream().limit(size).forEach(image -> list.addImages(ImageMessages.of(image)));
            if (page.size() > size) {
                list.setNextPageToken(new PageToken(ImageId.COLLECTION, "", page.get(size - 1).id().value()).encode());
            }
            return list.build();
        });
    }

    @Override
    public void deleteImage(DeleteImageRequest request, StreamObserver<DeleteImageResponse> response) {
        calls.unary(response, () -> {
            operations.delete(id(request.getName()));
            return DeleteImageResponse.getDefaultInstance();
        });
    }

    private static ImageId id(String name) throws ProblemException {
        Violations violations = new Violations();
        Optional<ImageId> id = violations.name("name", name, ImageId.COLLECTION, ImageId::new);
        violations.throwIfAny();
        return id.orElseThrow();
    }
}
