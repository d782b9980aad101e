// Where tools/services/install.sh puts what it installs or builds: outside the checkout, kept between runs.

import { homedir } from 'node:os';
import { join } from 'node:path';

export const TOOLS_FOLDER = process.env.DARKAGES_TOOLS ?? join(homedir(), '.cache', 'darkages-tools');
