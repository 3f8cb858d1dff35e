import { ViewFile } from '../../subgraphs/endpoint/view/view-file.ts';
import { ViewFileCache } from '../../subgraphs/endpoint/view/view-file-cache.ts';
import { viewCacheContract } from './view-cache.ts';

viewCacheContract(
  'A view file',
  async () => new ViewFileCache(ViewFile.open(':memory:'), { removedMax: 1_000 }),
);
