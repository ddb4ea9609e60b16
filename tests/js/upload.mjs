// One run of tus-js-client in node: reads what to do as JSON from standard input, tells each event as a line
// of JSON on standard output.
//
//   {file, endpoint, token, metadata}   required
//   url          go on with this upload
//   options      further options of tus.Upload (chunkSize, retryDelays, ...)
//   stopAfter    abort once so many bytes were acknowledged, as a dock does that loses its power
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const read = async () => {
  let text = "";
  for await (const piece of process.stdin) text += piece;
  return JSON.parse(text);
};

const told = await read();
const upload = new Upload(createReadStream(told.file), {
  endpoint: told.endpoint,
  uploadUrl: told.url ?? null,
  uploadSize: statSync(told.file).size,
  headers: { Authorization: `Bearer ${told.token}` },
  metadata: told.metadata,
  ...told.options,
  onUploadUrlAvailable: () => tell({ url: upload.url }),
  onChunkComplete: (size, accepted) => {
    tell({ accepted });
    if (told.stopAfter !== undefined && accepted >= told.stopAfter) {
      upload.abort().then(() => {
        tell({ stopped: accepted });
        process.exit(0);
      });
    }
  },
  onShouldRetry: (error, attempt, options) => {
    tell({ retry: attempt });
    const status = error.originalResponse?.getStatus() ?? 0;
    return status < 400 || status >= 500 || status === 409;
  },
  onError: (error) => {
    tell({ error: String(error) });
    process.exit(1);
  },
  onSuccess: () => tell({ done: upload.url }),
});
upload.start();
